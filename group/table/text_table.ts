import { hostList, type ResultRow, type ResultTable, type State } from "./result_table.ts";
import { padded, widthOf } from "./text_width.ts";

/** More rows of values are left out. All rows of failures are shown. */
const MAX_ROWS = 100;
const MAX_HOSTS = 60;
const MAX_WIDTH = 40;

const COLORS: Readonly<Record<State, number>> = { ok: 32, failed: 31, aborted: 33, skipped: 33 };

/** A table for a terminal. Only our own words are coloured, not what the hosts say. */
export function textTable({ title, rows }: ResultTable, colors: boolean): string {
  const paint = (text: string, state: State): string =>
    colors ? `\x1b[${COLORS[state]}m${text}\x1b[39m` : text;
  const values = rows.filter(({ state }) => state === "ok");
  const shown = [
    ...values.slice(0, MAX_ROWS),
    ...rows.filter(({ state }) => state !== "ok"),
  ];
  const labels = shown.map(({ hosts }) => hostList(hosts, MAX_HOSTS));
  const width = Math.min(MAX_WIDTH, Math.max(0, ...labels.map(widthOf)));
  const lines = shown.map((row, i) => line(row, padded(labels[i]!, width), paint));
  if (values.length > MAX_ROWS) {
    lines.splice(MAX_ROWS, 0, `  … (${values.length - MAX_ROWS} different values more)`);
  }
  const heading = title.replace(
    /\d+ (ok|failed|aborted|skipped)/g,
    (part, state: State) => paint(part, state),
  );
  return [heading, ...lines].join("\n");
}

function line(
  { state, text }: ResultRow,
  label: string,
  paint: (text: string, state: State) => string,
): string {
  if (state !== "ok") return `  ${label}  ${paint(state, state)}: ${text}`;
  // Indented, so that nothing that a host says looks like the row of another host.
  return text.includes("\n")
    ? `  ${label.trimEnd()}\n    ${text.replaceAll("\n", "\n    ")}`
    : `  ${label}  ${text}`;
}
