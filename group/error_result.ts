import { defineHandle, HandleKind } from "../agent/protocol/handle.ts";
import { stringOf } from "../agent/protocol/handle_data.ts";
import { withoutFrames } from "../agent/protocol/without_frames.ts";
import { showAs } from "../tunnel/arguments/show_as.ts";
import { RemoteError } from "../tunnel/remote_error.ts";
import { visible } from "../tunnel/visible.ts";
import { messageOf, reasonOf } from "./_failure_text.ts";

/** Options for {@linkcode ErrorResult}. */
export interface ErrorResultOptions {
  /**
   * The stack at the far end.
   *
   * @default {the stack of a `RemoteError`; `null` for any other error}
   */
  readonly tb?: string | null | undefined;
  /**
   * Whether the host was skipped: nothing was begun there.
   *
   * @default {false}
   */
  readonly skipped?: boolean | undefined;
  /**
   * Whether an abort ended the operation, or kept it from being begun.
   *
   * @default {false}
   */
  readonly aborted?: boolean | undefined;
  /**
   * Why there is no value, in one line that does not name the host.
   *
   * @default {the first lines of the message}
   */
  readonly reason?: string | undefined;
}

/**
 * The entry of a {@linkcode GroupResult} for a host without a value. It tells why there is none.
 *
 * @example
 * ```ts
 * import { ErrorResult, Group, Local } from "@chopsticks/chopsticks";
 *
 * await using group = new Group([new Local("a"), new Local("b")]);
 * const result = (await group.call(JSON.parse, "{")).get("a");
 * if (result instanceof ErrorResult) console.log(result.msg);
 * ```
 */
export class ErrorResult {
  /** The failure, for a person to read. Control characters are made visible. */
  readonly msg: string;
  /**
   * The message in one line, at most 300 characters. In the results of a group it does not name the
   * host, so that hosts that failed for the same reason have the same text.
   */
  readonly reason: string;
  /** The stack at the far end, or `null` if there is none. */
  readonly tb: string | null;
  /** The error that the same operation on the tunnel alone would have rejected with. */
  readonly error: unknown;
  /** Whether the host was skipped: nothing was begun there. */
  readonly skipped: boolean;
  /**
   * Whether an abort ended the operation, or kept it from being begun. Then `error` is the signal's
   * reason.
   */
  readonly aborted: boolean;

  /**
   * Takes the texts from an error.
   *
   * @param error What went wrong.
   * @param options What else is known of it. Default: `{}`.
   */
  constructor(error: unknown, options: ErrorResultOptions = {}) {
    const { skipped = false, aborted = false, tb } = options;
    this.msg = messageOf(error);
    this.reason = options.reason === undefined
      ? reasonOf(error)
      : visible(options.reason).replaceAll(/[\n\t]/g, " ");
    this.tb = tb ? visible(tb) : error instanceof RemoteError ? error.remoteStack : null;
    this.error = error;
    this.skipped = skipped;
    this.aborted = aborted;
  }

  /**
   * For `JSON.stringify()`: the message as `error`, and `skipped` and `aborted` if they are true.
   */
  toJSON(): { error: string; skipped?: true; aborted?: true } {
    return {
      error: this.msg,
      ...this.skipped ? { skipped: true } : {},
      ...this.aborted ? { aborted: true } : {},
    };
  }

  /** The message. */
  toString(): string {
    return this.msg;
  }

  static {
    defineHandle<ErrorResult>(
      this.prototype,
      HandleKind.ERROR_RESULT,
      ({ msg, tb, skipped, aborted, reason }) => [msg, tb, skipped, aborted, reason],
      (msg, tb, skipped, aborted, reason) =>
        new ErrorResult(withoutFrames(() => new Error(visible(stringOf(msg)))), {
          tb: typeof tb === "string" ? tb : null,
          skipped: Boolean(skipped),
          aborted: Boolean(aborted),
          reason: typeof reason === "string" ? reason : undefined,
        }),
    );
    showAs<ErrorResult>(this.prototype, ({ msg }) => `ErrorResult: ${msg}`);
  }
}
