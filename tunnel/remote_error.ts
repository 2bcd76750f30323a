import type { Failure } from "../agent/protocol/failure.ts";
import { visible } from "./visible.ts";

/**
 * A function threw at the far end. The value that it threw is the `cause`. An error of a class that
 * is not built-in arrives as one of the nearest built-in class that it extends, with its name, but
 * without properties that cannot be copied.
 *
 * @example Telling errors apart
 * ```ts
 * import { Local, RemoteError } from "@chopsticks/chopsticks";
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
  // These are behind getters: a printed error shows its own properties, and the message and the
  // cause's stack say the same.
  readonly #host: string;
  readonly #remoteName: string;
  readonly #remoteStack: string | null;

  /**
   * Describes the failure.
   *
   * @param host The host where it was thrown.
   * @param operation The operation that failed, such as `report()`.
   * @param failure The failure as the far end sent it. The `cause` is the thrown value in it, whose
   * errors must be visible already.
   * @param text The message, in place of the usual one.
   */
  constructor(host: string, operation: string, failure: Failure, text?: string) {
    const name = visible(failure.name);
    super(visible(text ?? `${operation} failed on ${host}: ${name}: ${failure.message}`));
    this.#host = host;
    this.#remoteName = name;
    this.#remoteStack = failure.stack === null ? null : visible(failure.stack);
    if ("thrown" in failure) {
      this.cause = failure.thrown;
      // The code tells the errors of the system apart. The copy of an error has no such property.
      if (failure.code !== undefined && failure.thrown instanceof Error) {
        // If it is read-only, it is visible already.
        Reflect.set(failure.thrown, "code", visible(failure.code));
      }
    }
    // A cause that is an error is printed with its own stack. Any other cause has no place for it.
    if (this.#remoteStack !== null && !(this.cause instanceof Error)) {
      this.stack = `${this.stack}\nAt ${host}: ${this.#remoteStack}`;
    }
  }

  /** The host where it was thrown. */
  get host(): string {
    return this.#host;
  }

  /** The name of the error that was thrown, such as `TypeError`. */
  get remoteName(): string {
    return this.#remoteName;
  }

  /** The stack at the far end, with the files and lines here; `null` if the value has no stack. */
  get remoteStack(): string | null {
    return this.#remoteStack;
  }
}
