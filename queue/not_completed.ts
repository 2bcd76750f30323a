/**
 * Thrown by `AsyncResult.value` when the operation is not done.
 *
 * @example
 * ```ts
 * import { Local, NotCompleted, Queue } from "@chopsticks/chopsticks";
 *
 * await using tun = new Local();
 * const queue = new Queue();
 * const now = queue.call(tun, Date.now);
 * try {
 *   console.log(now.value);
 * } catch (error) {
 *   console.log(error instanceof NotCompleted); // true
 * }
 * await queue.run();
 * console.log(now.value);
 * ```
 */
export class NotCompleted extends Error {
  /** The name of the class. */
  override name = "NotCompleted";
}
