import { hostList, type ResultRow, type ResultTable, type State } from "./result_table.ts";
import { padded, widthOf, withoutTabs, wrapped } from "./text_width.ts";

/** More rows of values are left out. All rows of failures are shown. */
const MAX_ROWS = 100;
/** Longer names stand on a line of their own. */
const MAX_LABEL = 40;
/** A narrower terminal breaks the lines itself. */
const MIN_WIDTH = 20;
/** Indented, so that nothing that a host says looks like the row of another host. */
const INDENT = "    ";

const COLORS: Readonly<Record<State, number>> = { ok: 32, failed: 31, aborted: 33, skipped: 33 };

/** Notes that tell of no failure. */
const QUIET = /^no output$|^(?:un)?changed$|^\d+ (?:created|updated|deleted)/;

/** A number as it is shown. Columns of numbers end at one place. */
const NUMBER = /^-?\d+(?:\.\d+)?(?:e[-+]?\d+)?n?$/;

interface Column {
  readonly width: number;
  readonly isNumeric: boolean;
}

/** How a table is printed. */
export interface TextTableOptions {
  readonly colors: boolean;
  /** How many columns the terminal has. */
  readonly width: number;
  /** How many rows of values are shown at most. Default: 100. */
  readonly maxRows?: number;
}

/** A table for a terminal. Only our own words are coloured, not what the hosts say. */
export function textTable(table: ResultTable, options: TextTableOptions): string {
  return new TextTable(table, options).text();
}

class TextTable {
  readonly #table: ResultTable;
  readonly #colors: boolean;
  readonly #width: number;
  readonly #maxRows: number;
  readonly #labels = new Map<ResultRow, string>();
  /** The width of the names of hosts that stand before something. */
  #labelWidth = 0;
  /** The columns, if they fit. */
  #columns: readonly Column[] | undefined;

  constructor(table: ResultTable, { colors, width, maxRows = MAX_ROWS }: TextTableOptions) {
    this.#maxRows = maxRows;
    this.#table = table;
    this.#colors = colors;
    this.#width = Math.max(MIN_WIDTH, width);
  }

  text(): string {
    const { title, rows, columns } = this.#table;
    const values = rows.filter(({ state }) => state === "ok");
    const shown = values.slice(0, this.#maxRows);
    const others = rows.filter(({ state }) => state !== "ok");
    for (const row of [...shown, ...others]) {
      const label = hostList(row.hosts);
      this.#labels.set(row, label);
      if (row.isOutput || widthOf(label) > MAX_LABEL) continue;
      this.#labelWidth = Math.max(this.#labelWidth, widthOf(label));
    }
    if (columns !== undefined) this.#columns = this.#fitting(columns, shown);
    const lines = [title.replace(
      /\d+ (ok|failed|aborted|skipped)/g,
      (part, state: State) => this.#painted(part, state),
    )];
    if (this.#columns !== undefined) lines.push(this.#line("", this.#inColumns(columns!)));
    const add = (row: ResultRow): void => this.#row(row).forEach((line) => lines.push(line));
    shown.forEach(add);
    if (values.length > this.#maxRows) {
      lines.push(`  … (${values.length - this.#maxRows} different values more)`);
    }
    others.forEach(add);
    return lines.join("\n");
  }

  #painted(text: string, state: State): string {
    return this.#colors ? `\x1b[${COLORS[state]}m${text}\x1b[39m` : text;
  }

  #fitting(headings: readonly string[], rows: readonly ResultRow[]): Column[] | undefined {
    const columns = headings.map((heading, i): Column => {
      const cells = rows.map(({ cells }) => cells![i]!);
      const width = Math.max(widthOf(heading), ...cells.map(widthOf));
      return { width, isNumeric: cells.every((cell) => NUMBER.test(cell)) };
    });
    const all = columns.reduce((sum, { width }) => sum + 2 + width, 2 + this.#labelWidth);
    return all <= this.#width ? columns : undefined;
  }

  #inColumns(cells: readonly string[]): string {
    return this.#columns!.map(({ width, isNumeric }, i) => {
      const space = " ".repeat(width - widthOf(cells[i]!));
      return isNumeric ? space + cells[i] : cells[i] + space;
    }).join("  ");
  }

  #line(label: string, text: string): string {
    return `  ${padded(label, this.#labelWidth)}  ${text}`.trimEnd();
  }

  #row(row: ResultRow): string[] {
    const { isOutput, cells } = row;
    const label = this.#labels.get(row)!;
    if (cells !== undefined && this.#columns !== undefined) {
      const line = this.#inColumns(cells);
      if (widthOf(label) <= MAX_LABEL) return [this.#line(label, line)];
      return [...this.#labelLines(label, ""), this.#line("", line)];
    }
    const text = row.text(this.#width - INDENT.length);
    const note = this.#note(row);
    const inline = note.text === "" ? text : `${note.text}: ${text}`;
    const room = this.#width - INDENT.length - this.#labelWidth;
    if (
      !isOutput && !text.includes("\n") && widthOf(label) <= MAX_LABEL && widthOf(inline) <= room
    ) return [this.#line(label, note.text === "" ? text : `${note.painted}: ${text}`)];
    return [...this.#labelLines(label, note.painted), ...this.#block(text, isOutput)];
  }

  #note({ state, note }: ResultRow): { text: string; painted: string } {
    const text = state === "ok" ? note : state;
    const colour = state !== "ok" ? state : QUIET.test(note) ? "skipped" : "failed";
    return { text, painted: text === "" ? "" : this.#painted(text, colour) };
  }

  #labelLines(label: string, note: string): string[] {
    const lines = wrapped(label, this.#width - INDENT.length, "anywhere");
    return lines.map((line, i) =>
      `${i === 0 ? "  " : INDENT}${line}${i === lines.length - 1 && note ? `  ${note}` : ""}`
    );
  }

  #block(text: string, isOutput: boolean): string[] {
    if (text === "") return [];
    const width = this.#width - INDENT.length;
    return text.split("\n").map(withoutTabs)
      .flatMap((line) => wrapped(line, width, isOutput ? "anywhere" : "at spaces"))
      .map((line) => INDENT + line);
  }
}
