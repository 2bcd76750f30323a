/** A question that a login asks; see {@linkcode Ask}. */
export interface Question {
  /** The name of the tunnel that connects. */
  readonly host: string;
  /** The user that the question is about, if it says so. */
  readonly user?: string | undefined;
  /** The host that asks, if it is not the tunnel's own, but a host on the way (`ssh -J`). */
  readonly hop?: string | undefined;
  /**
   * The answer that is wanted: the password of a user, the passphrase of a key, or `yes` if the
   * host is trusted. `"other"` is all else, such as a one-time code. A server can ask that in words
   * of its own; then the text starts with `(user@host)`.
   */
  readonly kind: "password" | "passphrase" | "hostkey" | "other";
  /**
   * The words of the question. A part may come from the server: control characters in it are made
   * visible.
   */
  readonly text: string;
  /** Whether the answer must not be seen by others. */
  readonly secret: boolean;
  /** 1, or more if the same was asked before while the tunnel connects. */
  readonly attempt: number;
}

/**
 * Answers the questions of a login. `undefined` is no answer: then connecting fails.
 *
 * @param question The question, with the host that it is about.
 */
export type Ask = (question: Question) => string | undefined | Promise<string | undefined>;

/** A password, or a function that gives it when it is needed. */
export type Password = string | (() => string | Promise<string>);
