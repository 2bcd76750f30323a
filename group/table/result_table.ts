import { createHash } from "node:crypto";
import { encode } from "../../codec/encode.ts";
import { visible } from "../../tunnel/visible.ts";
import { withoutHost } from "../_failure_text.ts";
import { ErrorResult } from "../error_result.ts";
import { foldNames } from "../ranges/fold_names.ts";
import { commonKeys, isClear } from "./columns.ts";
import { type CommandOutput, commandOutput } from "./command_output.ts";
import { widthOf } from "./text_width.ts";
import { transferDiff } from "./transfer_diff.ts";

/** How an operation ended on a host. */
export type State = "ok" | "failed" | "aborted" | "skipped";

/** Gives the text of a value, on one line or, if that is wider than `width`, on several. */
export type Show = (value: unknown, width: number) => string;

/** Hosts with the same outcome. */
export interface ResultRow {
  readonly state: State;
  readonly hosts: string[];
  /** Whether the text is what a program has said, to be shown as it is, below the hosts. */
  readonly isOutput: boolean;
  /** A word on how that program ended. */
  readonly note: string;
  /** The text of the value, or the reason why there is no value. */
  text(width: number): string;
  /** The texts for the columns of the table, if it has columns. */
  readonly cells?: readonly string[];
}

/** A `GroupResult` as a person sees it. */
export interface ResultTable {
  /** Such as `GroupResult: 97 ok, 3 failed`. */
  readonly title: string;
  /** The columns, if all values are plain objects with the same keys. */
  readonly columns?: readonly string[];
  readonly rows: readonly ResultRow[];
}

const STATES: readonly State[] = ["ok", "failed", "aborted", "skipped"];

/** The most lines of a value that are shown. What programs say has no such limit. */
const MAX_LINES = 50;
/** The most characters of a string in one line that are shown. */
const MAX_STRING = 4_096;
/** The most characters of the names of a row's hosts. */
const MAX_LABEL = 1_000;

/**
 * Folds results into rows: values first, in the group's order, and failures at the end.
 *
 * @param results The results by host.
 * @param show Gives the text of a value, as `Deno.inspect` does.
 * @param safe Makes what a program has said visible. The default cuts what is very long.
 */
export function resultTable(
  results: ReadonlyMap<string, unknown>,
  show: Show,
  safe: (text: string) => string = visible,
): ResultTable {
  const values = [...results.values()].filter((value) => !(value instanceof ErrorResult));
  const columns = values.some(outputOf) ? undefined : commonKeys(values);
  const rows = new Map<unknown, ResultRow>();
  const counts = { ok: 0, failed: 0, aborted: 0, skipped: 0 };
  for (const [host, result] of results) {
    const state = stateOf(result);
    const reason = result instanceof ErrorResult ? withoutHost(result.reason, host) : undefined;
    const key = reason === undefined ? fingerprint(result) : `${state} ${reason}`;
    const row = rows.get(key) ?? (reason === undefined ? rowOf(result, columns, show, safe) : {
      ...{ state, hosts: [], isOutput: false, note: "" },
      text: () => reason,
    });
    rows.set(key, row);
    row.hosts.push(hostText(host));
    counts[state]++;
  }
  const shown = STATES.filter((state) => counts[state] > 0);
  const summary = shown.map((state) => `${counts[state]} ${state}`).join(", ") || "no hosts";
  return {
    title: `GroupResult: ${summary}`,
    ...columns !== undefined && { columns: columns.map(oneLine) },
    rows: shown.flatMap((state) => [...rows.values()].filter((row) => row.state === state)),
  };
}

/** A host's name in one line, so that it cannot look like the row of another host. */
export function hostText(host: string): string {
  return oneLine(host);
}

/** The names of a row's hosts as ranges, with their number, such as `web[1-6,8-30] (29)`. */
export function hostList(hosts: readonly string[]): string {
  const names = foldNames(hosts).join(",");
  const text = names.length > MAX_LABEL ? `${names.slice(0, MAX_LABEL)}…` : names;
  return hosts.length > 1 ? `${text} (${hosts.length})` : text;
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

/** What is shown as lines of text, as it is. */
function outputOf(result: unknown): CommandOutput | undefined {
  if (typeof result !== "string") return commandOutput(result) ?? transferDiff(result);
  return result.includes("\n") ? { text: result.replace(/\n$/, ""), note: "" } : undefined;
}

function rowOf(
  result: unknown,
  columns: readonly string[] | undefined,
  show: Show,
  safe: (text: string) => string,
): ResultRow {
  const row = { state: "ok" as const, hosts: [] as string[], isOutput: false, note: "" };
  const output = outputOf(result);
  if (output !== undefined) {
    const text = safe(output.text);
    return { ...row, isOutput: true, note: oneLine(output.note), text: () => text };
  }
  const text = (width: number): string => valueText(result, show, width);
  if (columns === undefined) return { ...row, text };
  const value = result as Record<string, unknown>;
  return { ...row, text, cells: columns.map((key) => cellText(value[key], show)) };
}

function cellText(value: unknown, show: Show): string {
  const text = typeof value === "string" && isClear(value) ? value : valueText(value, show);
  return oneLine(text);
}

function oneLine(text: string): string {
  return visible(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

function valueText(value: unknown, show: Show, width = Infinity): string {
  const rest = typeof value === "string" ? value.length - MAX_STRING : 0;
  const part = rest > 0 ? (value as string).slice(0, MAX_STRING) : value;
  let whole = show(part, Infinity);
  if (widthOf(whole) > width) whole = show(part, width);
  if (rest > 0) whole += `… (${rest} characters more)`;
  // `show` does not escape the message of an error in the value.
  const lines = visible(whole).split("\n");
  const kept = lines.slice(0, MAX_LINES);
  if (lines.length > MAX_LINES) kept.push(`… (${lines.length - MAX_LINES} lines more)`);
  return kept.join("\n");
}
