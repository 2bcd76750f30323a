import type { Question } from "../question.ts";
import { visible } from "../visible.ts";

/** What a text of ssh asks for. */
export type SSHQuestion = Pick<Question, "kind" | "text" | "secret" | "user"> & {
  /** The host that the text names. */
  readonly host?: string | undefined;
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
  const [, user, host] = raw.match(/^\((.*?)@([^()@ ]+)\) /) ?? [];
  if (user !== undefined) return { kind: "other", text, secret: true, user, host };
  if (/^The authenticity of host '|^Please type 'yes'/.test(raw)) {
    return {
      kind: "hostkey",
      text,
      secret: false,
      host: raw.match(/^The authenticity of host '([^ ']+)/)?.[1],
    };
  }
  const isConsent = confirm || isMarked && /\(yes\/no\)\??:? *$/.test(raw);
  if (isConsent || !isMarked) return { kind: "other", text, secret: !isConsent };
  if (/^Enter passphrase for /.test(raw)) return { kind: "passphrase", text, secret: true };
  const [, name, server] = raw.match(/^([^\n]+)@([^@\n]+)'s password: ?$/) ?? [];
  return {
    kind: name === undefined ? "other" : "password",
    text,
    secret: true,
    user: name,
    host: server,
  };
}
