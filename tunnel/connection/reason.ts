/** A line that gives a reason. A usage or a version is often printed after it. */
const REASON =
  /error|cannot|can't|denied|refused|not found|no such|unable|invalid|failed|timed out|unreachable|unknown|unrecognized|illegal|\bbad\b|\blost\b|closed by/i;
/** A line of a stack. It may contain any name, and so any word of a reason. */
const STACK_LINE = /^\s+at /;

/**
 * The line that says best why a program has failed.
 *
 * @param text What the program has printed.
 * @returns The line; empty if there is none.
 */
export function reasonIn(text: string): string {
  const lines = text.split("\n");
  const reason = lines.findLast((line) => REASON.test(line) && !STACK_LINE.test(line));
  return (reason ?? lines.at(-1)!).trim();
}
