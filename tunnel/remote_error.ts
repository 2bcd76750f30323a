import type { Failure } from "../agent/protocol/failure.ts";
import { visible, visibleErrors } from "./visible.ts";

/**
 * A function threw at the far end. What it threw is the `cause`; an error of a class that is not built-in is one of
 * the built-in class above that, with the same name, and without properties that have no copy.
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
  // Behind getters: the message and the cause's stack have them, and a printed error shows its own properties, too.
  readonly #host: string;
  readonly #remoteName: string;
  readonly #remoteStack: string | null;

  /**
   * Describes what the far end said.
   *
   * @param host Where it was thrown.
   * @param operation What failed, such as `report()`.
   * @param failure What the far end said of it. What of the thrown it could carry is the `cause`.
   * @param text The message, if it is to be another one.
   */
  constructor(host: string, operation: string, failure: Failure, text?: string) {
    const name = visible(failure.name);
    super(visible(text ?? `${operation} failed on ${host}: ${name}: ${failure.message}`));
    this.#host = host;
    this.#remoteName = name;
    this.#remoteStack = failure.stack === null ? null : visible(failure.stack);
    if ("thrown" in failure) {
      visibleErrors(failure.thrown);
      this.cause = failure.thrown;
      // What tells the kinds of error of the system apart; the copy of an error has no such properties.
      if (failure.code !== undefined && failure.thrown instanceof Error) {
        Object.assign(failure.thrown, { code: visible(failure.code) });
      }
    }
    // A cause is shown with its own stack; without one, this is the only place for it.
    if (this.#remoteStack !== null && !(this.cause instanceof Error)) {
      this.stack = `${this.stack}\nAt ${host}: ${this.#remoteStack}`;
    }
  }

  /** Where it was thrown. */
  get host(): string {
    return this.#host;
  }

  /** The name of the error that was thrown, such as `TypeError`. */
  get remoteName(): string {
    return this.#remoteName;
  }

  /** The stack at the far end, with this end's files and lines, or `null` if what was thrown has none. */
  get remoteStack(): string | null {
    return this.#remoteStack;
  }
}
