/** What some messages of ssh and sudo mean for an agent, and what helps. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /^sudo: .*\btty\b/,
    "requiretty in its sudoers wants a terminal, which would corrupt the pipe: remove the line " +
    "`Defaults requiretty`, or add `Defaults:USER !requiretty` for the user that logs in",
  ],
  [
    /^sudo: a password is required/,
    "give it (`sudo: { user, password }`, `new Sudo({ password })` or --ask-sudo-password), or allow " +
    "sudo without one (NOPASSWD)",
  ],
  [/^sudo: \d+ incorrect password attempt/, "sudo refused the password"],
  [
    /^ssh_askpass: exec\(/,
    "ssh cannot run the helper that asks: set TMPDIR to a folder whose programs can be run",
  ],
];

/** The same where no question is left without an answer, which would be the reason. */
const UNASKED_ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /^Host key for .* has changed|^@ +WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED/,
    "if you know why, remove the old one with `ssh-keygen -R HOST`, and trust the new one",
  ],
  [
    /^Host key verification failed/,
    "run `ssh HOST` once and trust its key, or allow new ones with the option " +
    '`sshArgs: ["-o", "StrictHostKeyChecking=accept-new"]`',
  ],
  [
    /^\S+: Permission denied \((?!.*(password|keyboard-interactive)).*\)/,
    "it takes none of the keys it was shown: say which user (`user`), or which key " +
    '(`sshArgs: ["-i", KEY]`)',
  ],
  [
    /^\S+: Permission denied \(.*\)/,
    "it takes no key or password it was given: say which user (`user`), which key " +
    '(`sshArgs: ["-i", KEY]`), or which password (`password`)',
  ],
];

/**
 * Finds the message that says why a login has failed.
 *
 * @param stderr What the process has printed.
 * @param wasAnswered Whether no question was left without an answer.
 * @returns The line, and what helps; `undefined` if it has no such message.
 */
export function loginAdvice(
  stderr: string,
  wasAnswered: boolean,
): { readonly line: string; readonly advice: string } | undefined {
  for (const [pattern, advice] of wasAnswered ? [...ADVICE, ...UNASKED_ADVICE] : ADVICE) {
    const line = stderr.split("\n").find((line) => pattern.test(line));
    if (line !== undefined) return { line, advice };
  }
  return undefined;
}
