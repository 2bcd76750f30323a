import { showAs } from "../tunnel/arguments/show_as.ts";
import { typeError } from "../tunnel/misuse.ts";
import { visible } from "../tunnel/visible.ts";
import { inspect } from "node:util";
import { NotCompleted } from "./not_completed.ts";

/** Tells a result how its operation ended. Only the first call counts. */
export interface Completion<T> {
  /** Gives the value. Calls the callback before it returns. */
  complete(value: T): void;
  /** Gives the error because of which there will be no value. */
  fail(error: unknown): void;
}

/** Options for {@linkcode AsyncResult}, which a queue sets. */
export interface AsyncResultOptions {
  /** The operation whose result it is, such as `call(hostname) on web1`. */
  readonly what: string;
  /** Keeps the queue's run from ending before a promise has resolved, which must not reject. */
  waitUntil(promise: Promise<void>): void;
}

type State<T> =
  | { readonly status: "waiting" }
  | { readonly status: "completed"; readonly value: T }
  | { readonly status: "failed"; readonly error: unknown };

/**
 * The result of an operation that was put into a {@linkcode Queue}; it has a value once that is
 * done.
 *
 * @example
 * ```ts
 * import { Local, Queue } from "@chopsticks/chopsticks";
 *
 * await using tun = new Local();
 * const queue = new Queue();
 * const root = queue.call(tun, Math.sqrt, 2);
 * await queue.run();
 * console.log(root.value);
 * ```
 */
export class AsyncResult<T> {
  /**
   * Resolves to the value, after the callback has been called. Rejects only if something was wrong
   * with the operation itself, such as a function that cannot be sent. It may be left uncaught,
   * because the run rejects too.
   */
  readonly promise: Promise<T>;
  readonly #options: AsyncResultOptions;
  #state: State<T> = { status: "waiting" };
  #callback: ((value: T) => unknown) | undefined;

  /**
   * Makes a result. A {@linkcode Queue} does this: its methods return results.
   *
   * @param options What the queue knows of the operation.
   * @param start Is called at once, with the functions that complete the result.
   */
  constructor(options: AsyncResultOptions, start: (completion: Completion<T>) => void) {
    this.#options = options;
    this.promise = new Promise((resolve, reject) => {
      start({
        complete: (value) => {
          if (this.#state.status !== "waiting") return;
          this.#state = { status: "completed", value };
          if (this.#callback !== undefined) this.#callBack(this.#callback, value);
          resolve(value);
        },
        fail: (error) => {
          if (this.#state.status !== "waiting") return;
          this.#state = { status: "failed", error };
          reject(error);
        },
      });
    });
    this.promise.catch(() => {});
  }

  /**
   * The value. For an operation on a group it is a {@linkcode GroupResult}; for one on a tunnel
   * that failed it is an {@linkcode ErrorResult}.
   *
   * @throws {NotCompleted} If the operation is not done.
   * @throws {TypeError} If something was wrong with the operation itself, such as a function that
   * cannot be sent.
   */
  get value(): T {
    const state = this.#state;
    if (state.status === "waiting") {
      throw new NotCompleted(`Cannot read the result of ${this.#options.what}: not completed`);
    }
    if (state.status === "failed") throw state.error;
    return state.value;
  }

  /**
   * Has a function called with the value as soon as there is one, before the host's next operation
   * begins. Operations that it puts into the queue are done by the same run.
   *
   * If it is asynchronous, the run waits for it, but the host's next operation does not. So it must
   * not wait for the run. If it throws, the error is written to the console, and stops nothing.
   *
   * @param callback What to call. If the operation is done already, it is called a moment later.
   * @returns The result itself.
   * @throws {TypeError} If `callback` is not a function, or if there is a callback already.
   *
   * @example
   * ```ts
   * import { ErrorResult, Local, Queue } from "@chopsticks/chopsticks";
   *
   * await using tun = new Local();
   * const queue = new Queue();
   * queue.call(tun, Math.sqrt, 2).withCallback((root) => {
   *   if (root instanceof ErrorResult) console.error(root.msg);
   *   else queue.call(tun, Math.floor, root).withCallback(console.log);
   * });
   * await queue.run();
   * ```
   */
  withCallback(callback: (value: T) => unknown): this {
    const { what } = this.#options;
    if (typeof callback !== "function") {
      throw typeError(`Cannot call ${String(callback)} back: it is not a function`);
    }
    if (this.#callback !== undefined) {
      throw typeError(`Cannot call back twice with the result of ${what}: it has a callback`);
    }
    this.#callback = callback;
    const state = this.#state;
    if (state.status === "completed") {
      queueMicrotask(() => this.#callBack(callback, state.value));
    }
    return this;
  }

  #callBack(callback: (value: T) => unknown, value: T): void {
    const { what, waitUntil } = this.#options;
    const called = async (): Promise<void> => {
      try {
        await callback(value);
      } catch (error) {
        // Nobody waits for the callback, and the run goes on.
        console.error(visible(`The callback for ${what} threw ${inspect(error)}`));
      }
    };
    waitUntil(called());
  }

  #show(show: (value: unknown) => string): string {
    const state = this.#state;
    const { what } = this.#options;
    switch (state.status) {
      case "completed":
        return `AsyncResult { ${what}: ${show(state.value)} }`;
      case "failed":
        return `AsyncResult { ${what} failed: ${show(state.error)} }`;
      case "waiting":
        return `AsyncResult { ${what}: not completed }`;
    }
  }

  static {
    showAs<AsyncResult<unknown>>(this.prototype, (result, show) => result.#show(show));
  }
}
