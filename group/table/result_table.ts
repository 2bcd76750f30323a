import { createHash } from "node:crypto";
import { encode } from "../../codec/encode.ts";
import { visible } from "../../tunnel/visible.ts";
import { reasonOf } from "./reason.ts";
import { ErrorResult } from "../error_result.ts";

/** How an operation ended on a host. */
export type State = "ok" | "failed" | "aborted" | "skipped";

/** Hosts with the same outcome. */
export interface ResultRow {
  readonly state: State;
  readonly hosts: string[];
  /** The text of the value, or the reason why there is no value. */
  readonly text: string;
}

/** A `GroupResult` as a person sees it. */
export interface ResultTable {
  /** Such as `GroupResult: 97 ok, 3 failed`. */
  readonly title: string;
  readonly rows: readonly ResultRow[];
}

const STATES: readonly State[] = ["ok", "failed", "aborted", "skipped"];

/** The most lines and columns of a value that are shown. */
const MAX_LINES = 12;
const MAX_COLUMNS = 200;
/** The most characters of a string that are looked at, so that a long one costs no memory. */
const MAX_STRING = 4_096;

/**
 * Folds results into rows: values first, in the group's order, and failures at the end.
 *
 * @param results The results by host.
 * @param show Gives the text of a value, as `Deno.inspect` does.
 */
export function resultTable(
  results: ReadonlyMap<string, unknown>,
  show: (value: unknown) => string,
): ResultTable {
  const rows = new Map<unknown, ResultRow>();
  const counts = { ok: 0, failed: 0, aborted: 0, skipped: 0 };
  for (const [host, result] of results) {
    const state = stateOf(result);
    const reason = result instanceof ErrorResult ? reasonOf(host, result) : undefined;
    const key = reason === undefined ? fingerprint(result) : `${state} ${reason}`;
    const row = rows.get(key) ?? { state, hosts: [], text: reason ?? valueText(result, show) };
    rows.set(key, row);
    row.hosts.push(hostText(host));
    counts[state]++;
  }
  const shown = STATES.filter((state) => counts[state] > 0);
  const summary = shown.map((state) => `${counts[state]} ${state}`).join(", ") || "no hosts";
  return {
    title: `GroupResult: ${summary}`,
    rows: shown.flatMap((state) => [...rows.values()].filter((row) => row.state === state)),
  };
}

/** A host's name in one line, so that it cannot look like the row of another host. */
export function hostText(host: string): string {
  return visible(host).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** Names as far as they fit in `maxLength`, such as `a, b, c, … (97 hosts)`. */
export function hostList(hosts: readonly string[], maxLength: number): string {
  let text = "";
  for (const [i, host] of hosts.entries()) {
    const longer = i === 0 ? host : `${text}, ${host}`;
    if (i > 0 && longer.length > maxLength) return `${text}, … (${hosts.length} hosts)`;
    text = longer;
  }
  return text;
}

/** How an operation ended on a host that has `result`. */
export function stateOf(result: unknown): State {
  if (!(result instanceof ErrorResult)) return "ok";
  if (result.skipped) return "skipped";
  return result.aborted ? "aborted" : "failed";
}

/** A key that only equal values share. Their texts may be the same though they differ, when cut. */
function fingerprint(value: unknown): unknown {
  try {
    return createHash("sha256").update(encode(value)).digest("hex");
  } catch {
    // A value without an encoding, such as a stream, is equal to no other value.
    return Symbol();
  }
}

function valueText(value: unknown, show: (value: unknown) => string): string {
  const rest = typeof value === "string" ? value.length - MAX_STRING : 0;
  const whole = rest > 0
    ? `${show((value as string).slice(0, MAX_STRING))}… (${rest} characters more)`
    : show(value);
  // `show` does not escape the message of an error in the value.
  const lines = visible(whole).split("\n");
  const kept = lines.slice(0, MAX_LINES).map((line) =>
    line.length > MAX_COLUMNS ? `${line.slice(0, MAX_COLUMNS)}…` : line
  );
  if (lines.length > MAX_LINES) kept.push(`… (${lines.length - MAX_LINES} lines more)`);
  return kept.join("\n");
}
