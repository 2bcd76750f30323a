import { inspect } from "node:util";
import { ErrorResult } from "../group/error_result.ts";
import { resultTable, stateOf } from "../group/table/result_table.ts";
import { textTable } from "../group/table/text_table.ts";
import { terminalWidth } from "../group/table/text_width.ts";
import type { SyncResult } from "../tunnel/file_options.ts";
import { visible } from "../tunnel/visible.ts";
import { factColumns, type Facts } from "./fact_columns.ts";
import { failedCommand } from "./outcome.ts";
import type { Task } from "./request.ts";

/** As much of a text as is made visible at a time. */
const PART = /[^]{1,32768}/g;

const show = (value: unknown, breakLength: number): string =>
  Deno.inspect(value, {
    colors: false,
    breakLength,
    compact: true,
    depth: 6,
    iterableLimit: 1_000,
  });

/** All results as a table in which hosts with the same outcome share a row; failures come last. */
export function resultsText(results: ReadonlyMap<string, unknown>, task: Task): string {
  const values = new Map<string, unknown>();
  const commands = new Map<string, unknown>();
  const failures = new Map<string, unknown>();
  for (const [host, result] of results) {
    const command = failedCommand(result);
    if (command !== undefined) commands.set(host, command);
    else if (result instanceof ErrorResult) failures.set(host, result);
    else values.set(host, brief(result, task));
  }
  const [table, ...others] = [values, commands, failures].map((some) =>
    resultTable(some, show, visibleLines)
  );
  const rows = [table!, ...others].flatMap(({ rows }) => rows);
  const colors = Deno.stdout.isTerminal() && !Deno.noColor;
  return textTable({ ...table!, title: titleOf(results), rows }, {
    colors,
    width: terminalWidth(),
    maxRows: Infinity,
  });
}

/** Such as `10 hosts: 8 ok, 2 failed`. */
function titleOf(results: ReadonlyMap<string, unknown>): string {
  const counts = { ok: 0, failed: 0, aborted: 0, skipped: 0 };
  for (const result of results.values()) counts[stateOf(result)]++;
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  const hosts = results.size === 1 ? "1 host" : `${results.size} hosts`;
  return `${hosts}: ${parts.map(([state, count]) => `${count} ${state}`).join(", ")}`;
}

/** The items of a stream, or the result of a host, as lines. */
export function itemLines(item: unknown, task: Task): string[] {
  const value = brief(item, task);
  const text = typeof value === "string" ? value.replace(/\n$/, "") : inspectLine(value);
  return visibleLines(text).split("\n");
}

/** Makes control characters visible, part by part: a longer text would be cut. */
function visibleLines(text: string): string {
  return text.replace(PART, visible);
}

function inspectLine(value: unknown): string {
  return inspect(value, { breakLength: Infinity, depth: 6 });
}

/** A value as a person wants to read it. */
function brief(value: unknown, task: Task): unknown {
  if (task.kind === "sync" || task.kind === "fetchDir") {
    return changes(value as SyncResult, task.options.dryRun === true);
  }
  if (task.kind === "facts") return factColumns(value as Partial<Facts>, task.names);
  return value;
}

/** What a transfer of a folder has changed: how much, or with `dryRun` or a diff also what. */
function changes(result: SyncResult, dryRun: boolean): unknown {
  const { created, updated, deleted, unchanged, skipped, bytes, diff } = result;
  if (!dryRun && diff === undefined) {
    return {
      created: created.length,
      updated: updated.length,
      deleted: deleted.length,
      unchanged,
      skipped: skipped.length,
      bytes,
    };
  }
  const lines = [
    ...created.map((path) => `create ${path}`),
    ...updated.map((path) => `update ${path}`),
    ...deleted.map((path) => `delete ${path}`),
    ...skipped.map((path) => `skip   ${path}`),
    `${unchanged} unchanged`,
  ];
  return lines.map((line) => `${line}\n`).join("") + (diff ?? "");
}
