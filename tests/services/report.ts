import { NO_COMPILER } from "./compiler.ts";

/** The result of a run of `deno test`. */
export interface Report {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Skipped steps of tests that were not skipped. */
  readonly skippedSteps: number;
}

const SUMMARY =
  /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored(?: \((\d+) steps?\))?)?/gm;

/**
 * Reads the summary that `deno test` prints at the end. The XML report is not complete: it lacks
 * modules that cannot be loaded.
 *
 * @param output The standard output of `deno test`, with or without colours.
 * @returns `undefined` if there is no summary.
 */
export function readSummary(output: string): Report | undefined {
  // deno-lint-ignore no-control-regex
  const plain = output.replaceAll(/\x1b\[[\d;]*m/g, "");
  // A test may print a line like this too; the last one is Deno's.
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
 * @param xml The file of `deno test --junit-path`.
 */
export function readSkipped(xml: string): string[] {
  const cases = xml.matchAll(/<testcase name="([^"]*)" classname="([^"]*)"[^>]*>\s*<skipped/g);
  return [...cases].map(([, name = "", file = ""]) => `${unescape(file)}: ${unescape(name)}`);
}

/**
 * The skipped tests that CI does not admit.
 *
 * @param skipped What {@linkcode readSkipped} gave.
 */
export function refusedSkips(skipped: readonly string[]): string[] {
  return skipped.filter((name) => !name.includes(`(skipped: ${NO_COMPILER}`));
}

/**
 * Counts the tests in the XML of an interrupted run, which has no summary. A cancelled test counts
 * as failed.
 *
 * @param xml The file of `deno test --junit-path`.
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
