import type { Question } from "../question.ts";
import { visible } from "../visible.ts";

/** What a text of ssh asks for. */
export type SSHQuestion = Pick<Question, "kind" | "text" | "secret" | "user"> & {
  /** The host that the text names. */
  readonly host?: string | undefined;
  /** Whether the host's own password may be the answer: it goes to that host and nowhere else. */
  readonly isLogin: boolean;
};

/**
 * Finds out what ssh asks for.
 *
 * @param raw ssh's words. ssh puts `(user@host) ` in front of a server's own words, which say
 * nothing that can be relied on.
 * @param confirm Whether nothing but consent is wanted.
 * @param isMarked Whether this ssh does that. OpenSSH before 8.5 does not.
 */
export function sshQuestion(raw: string, confirm: boolean, isMarked: boolean): SSHQuestion {
  const text = visible(raw);
  const common = { text, secret: true, isLogin: false };
  if (raw.startsWith("(")) {
    const [, user, host] = text.match(/^\((.*?)@([^()@ ]+)\) /) ?? [];
    return { ...common, kind: "other", isLogin: true, user, host };
  }
  if (/^The authenticity of host '|^Please type 'yes'/.test(raw)) {
    const host = text.match(/^The authenticity of host '([^ ']+)/)?.[1];
    return { ...common, kind: "hostkey", secret: false, host };
  }
  if (confirm || isMarked && /\(yes\/no\)\??:? *$/.test(raw)) {
    return { ...common, kind: "other", secret: false };
  }
  // The PIN of a security key and the passphrase of a key are not for the host.
  const isForKey = /^Enter (PIN|passphrase) for /.test(raw);
  if (!isMarked) return { ...common, kind: "other", isLogin: !isForKey };
  if (raw.startsWith("Enter passphrase for ")) return { ...common, kind: "passphrase" };
  const [, user, host] = text.match(/^([^\n]+)@([^@\n]+)'s password: ?$/) ?? [];
  if (user === undefined) return { ...common, kind: "other" };
  return { ...common, kind: "password", isLogin: true, user, host };
}
