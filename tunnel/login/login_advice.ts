/** What some messages of ssh and sudo mean for an agent, and what helps. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /^sudo: .*\btty\b/,
    "requiretty in its sudoers wants a terminal, which would corrupt the pipe: remove the line " +
    "`Defaults requiretty`, or add `Defaults:USER !requiretty` for the user that logs in",
  ],
  [
    /^sudo: a password is required/,
    "give it to sudo with the option `password`, or allow sudo without one (NOPASSWD)",
  ],
  [/^sudo: \d+ incorrect password attempt/, "sudo refused the password"],
  [
    /^ssh_askpass: exec\(/,
    "ssh cannot run the helper that asks: set TMPDIR to a folder whose programs can be run",
  ],
];

/** The same for host keys, where no question was asked about them. */
const HOST_KEY_ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /^Host key for .* has changed|^@ +WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED/,
    "if you know why, remove the old one with `ssh-keygen -R HOST`, and trust the new one",
  ],
  [
    /^Host key verification failed/,
    "run `ssh HOST` once and trust its key, or allow new ones with the option " +
    '`sshArgs: ["-o", "StrictHostKeyChecking=accept-new"]`',
  ],
];

/**
 * Finds the message that says why a login has failed.
 *
 * @param stderr What the process has printed.
 * @param ofHostKeys Whether host keys matter.
 * @returns The line, and what helps; `undefined` if it has no such message.
 */
export function loginAdvice(
  stderr: string,
  ofHostKeys: boolean,
): { readonly line: string; readonly advice: string } | undefined {
  for (const [pattern, advice] of ofHostKeys ? [...ADVICE, ...HOST_KEY_ADVICE] : ADVICE) {
    const line = stderr.split("\n").find((line) => pattern.test(line));
    if (line !== undefined) return { line, advice };
  }
  return undefined;
}
