/** Lines that are no reason, whatever words they have: warnings, advice, a stack. */
const NOISE = new RegExp(
  [
    // Warnings of ssh, sudo, shells, perl, podman and others.
    /^\W*warning\b|^[\w./-]+: (line \d+: )?warning:|level=(warning|info|debug)/,
    /^debug\d: |^\*\* |^@|^sudo: unable to resolve host /,
    /setlocale|^(manpath|perl): |^Could not chdir to home directory/,
    /no job control in this shell|cannot set terminal process group|^(stty|tput|mesg): /,
    // How to call it.
    /^usage:|^(See|Run) '.* --help'|^try '.*' for more|^\s*tip: |^Did you mean/,
    // A stack. It may contain any name.
    /^\s+at |^=+ C stack trace|^\s*#?\s*$|^-----/,
  ].map(({ source }) => source).join("|"),
  "i",
);

/** Lines that say that it is over, and hardly why: a reason only if there is no other. */
const ENDING = new RegExp(
  [
    /^(Shared )?Connection (to .* )?(closed|reset)( by .*)?|^Disconnected from |^Killed by signal/,
    /^stdio forwarding failed|^lost connection|^client_loop: /,
    /^sudo: error initializing audit plugin|^This incident has been reported/,
    /^srun: (error: )?\S+: tasks? .*: (Exited|Killed|Terminated)|^srun: (Force Term|Terminating|Job)/,
    /^command terminated with exit code|^Authentication failed\.$/,
  ].map(({ source }) => source).join("|"),
  "i",
);

/** Lines that say why for certain. */
const CERTAIN = new RegExp(
  [
    /a password is required|incorrect password attempt|must have a tty|^sudo: .*\btty\b/,
    /unknown user|is not in the sudoers|is not allowed to (execute|run)/,
    /account is currently not available|account (has )?(expired|is locked)/,
    /password change required|system is (booting up|going down)/,
    /permission denied \(|too many authentication failures|host key verification failed/,
    /out of memory|no version is set|error while loading shared libraries|exec format error/,
  ].map(({ source }) => source).join("|"),
  "i",
);

/** A line that gives a reason. A usage or a version is often printed after it. */
const LIKELY =
  /error|cannot|can't|couldn't|could not resolve|denied|refused|not found|no such|unable|invalid|failed|timed out|timeout|unreachable|unknown|unrecognized|illegal|expired|not available|required|panicked|\bbad\b|\blost\b|closed by/i;

/** What ssh says, too, when the program that leads to the host has failed: that has said why. */
const CONSEQUENCE = /^kex_exchange_identification: /i;

/** The colours of a terminal. */
// deno-lint-ignore no-control-regex -- it is what programs print
const COLOURS = /\x1b\[[\d;]*m/g;

/**
 * The line that says best why a program has failed, or the last two lines if none is likely to.
 *
 * @param text What the program has printed.
 * @returns The line; empty if there is none.
 */
export function reasonIn(text: string): string {
  const all = text.replaceAll(COLOURS, "").split("\n").map((line) => line.trimEnd())
    .filter((line) => line !== "");
  const telling = all.filter((line) => !NOISE.test(line));
  const lines = telling.length === 0 ? all : telling;
  const causes = lines.filter((line) => !ENDING.test(line));
  const reason = causes.findLast((line) => CERTAIN.test(line)) ??
    causes.findLast((line) => LIKELY.test(line) && !CONSEQUENCE.test(line)) ??
    causes.findLast((line) => LIKELY.test(line));
  if (reason !== undefined) return reason.trim();
  // An ending is a part of what is in doubt, unless there is a lot before it.
  return (causes.length === 0 ? lines : causes).slice(-2).map((line) => line.trim()).join(" ⏎ ");
}

/** Whether a program has said nothing but warnings and the like. */
export function isOnlyNoise(text: string): boolean {
  return text.replaceAll(COLOURS, "").split("\n").every((line) => NOISE.test(line));
}
