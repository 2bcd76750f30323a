import type { Failure } from "../agent/failure.ts";
import { visible, visibleErrors } from "./_visible.ts";

/**
 * A function threw at the far end.
 *
 * @example Telling errors apart
 * ```ts
 * import { Local, RemoteError } from "../mod.ts";
 *
 * await using tun = new Local();
 * try {
 *   await tun.call(JSON.parse, "{");
 * } catch (error) {
 *   if (!(error instanceof RemoteError)) throw error;
 *   console.log(error.host, error.remoteName); // localhost SyntaxError
 * }
 * ```
 */
export class RemoteError extends Error {
  /** The name of the class. */
  override name = "RemoteError";
  /** Where it was thrown. */
  readonly host: string;
  /** The name of the error that was thrown, such as `TypeError`. */
  readonly remoteName: string;
  /** The stack at the far end, with this end's files and lines, or `null` if what was thrown has none. */
  readonly remoteStack: string | null;

  /**
   * Describes what the far end said.
   *
   * @param host Where it was thrown.
   * @param operation What failed, such as `report()`.
   * @param failure What the far end said of it. If it could carry what was thrown, that is the `cause`.
   */
  constructor(host: string, operation: string, failure: Failure) {
    const name = visible(failure.name);
    super(`${operation} failed on ${host}: ${name}: ${visible(failure.message)}`);
    this.host = host;
    this.remoteName = name;
    this.remoteStack = failure.stack === null ? null : visible(failure.stack);
    if ("thrown" in failure) {
      visibleErrors(failure.thrown);
      this.cause = failure.thrown;
    }
    // A cause is shown with its own stack; without one, this is the only place for it.
    if (this.remoteStack !== null && !(this.cause instanceof Error)) {
      this.stack = `${this.stack}\nAt ${host}: ${this.remoteStack}`;
    }
  }
}
