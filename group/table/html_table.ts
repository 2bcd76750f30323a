import { visible } from "../../tunnel/visible.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A row with one text over all columns, such as the output of a command, in a monospaced font. */
export interface WideRow {
  readonly text: string;
  readonly isOutput: boolean;
}

/**
 * A table for a notebook. Texts are escaped, so none of them can be HTML.
 *
 * @param caption The text above the table.
 * @param headings A text for each column.
 * @param rows The same number of texts for each row, or one text over all columns.
 */
export function htmlTable(
  caption: string,
  headings: readonly string[],
  rows: readonly (readonly string[] | WideRow)[],
): string {
  const cell = (tag: string, text: string, style = "", span = ""): string =>
    `<${tag}${span} style="text-align: left; white-space: pre-wrap${style}">${
      escape(text)
    }</${tag}>`;
  const line = (tag: string, texts: readonly string[]): string =>
    `<tr>${texts.map((text) => cell(tag, text)).join("")}</tr>`;
  const wide = ({ text, isOutput }: WideRow): string => {
    const style = isOutput ? "; font-family: monospace; padding-left: 2em" : "; font-weight: bold";
    return `<tr>${cell("td", text, style, ` colspan="${headings.length}"`)}</tr>`;
  };
  const body = rows.map((row) => "text" in row ? wide(row) : line("td", row));
  return `<table><caption>${escape(caption)}</caption><thead>${line("th", headings)}</thead>` +
    `<tbody>${body.join("")}</tbody></table>`;
}

function escape(text: string): string {
  return visible(text).replace(/[&<>"']/g, (char) => ENTITIES[char]!);
}
