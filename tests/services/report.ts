/** What came of a run of `deno test`. */
export interface Report {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Steps that were skipped inside tests that were not. */
  readonly skippedSteps: number;
}

const SUMMARY =
  /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored(?: \((\d+) steps?\))?)?/gm;

/**
 * Reads the summary that `deno test` prints at the end. The report that it writes as XML has not
 * everything: a module that cannot be loaded is missing there.
 *
 * @param output All it printed to its standard output, with or without colours.
 * @returns `undefined` if it got to no summary.
 */
export function readSummary(output: string): Report | undefined {
  // deno-lint-ignore no-control-regex
  const plain = output.replaceAll(/\x1b\[[\d;]*m/g, "");
  // A test may print such a line as well; the last one is Deno's.
  const found = [...plain.matchAll(SUMMARY)].at(-1);
  if (found === undefined) return undefined;
  const [, passed, failed, skipped = 0, skippedSteps = 0] = found;
  return {
    passed: Number(passed),
    failed: Number(failed),
    skipped: Number(skipped),
    skippedSteps: Number(skippedSteps),
  };
}

/**
 * The names of the skipped tests and steps.
 *
 * @param xml What `deno test --junit-path` wrote.
 */
export function readSkipped(xml: string): string[] {
  const cases = xml.matchAll(/<testcase name="([^"]*)" classname="([^"]*)"[^>]*>\s*<skipped/g);
  return [...cases].map(([, name = "", file = ""]) => `${unescape(file)}: ${unescape(name)}`);
}

/**
 * Counts the tests in an interrupted run's XML, where there is no summary. What was cancelled has failed.
 *
 * @param xml What `deno test --junit-path` wrote.
 */
export function countTests(xml: string): Report {
  const cases = [...xml.matchAll(/<testcase [^>]*>\s*(?:<(skipped|failure|error))?/g)];
  const skipped = cases.filter(([, state]) => state === "skipped").length;
  const failed = cases.filter(([, state]) => state === "failure" || state === "error").length;
  return { passed: cases.length - skipped - failed, failed, skipped, skippedSteps: 0 };
}

function unescape(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'").replaceAll("&#39;", "'").replaceAll("&amp;", "&");
}
