import { visible } from "../../tunnel/visible.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * A table for a notebook. Texts are escaped, so none of them can be HTML.
 *
 * @param caption The text above the table.
 * @param headings A text for each column.
 * @param rows The same number of texts for each row.
 */
export function htmlTable(
  caption: string,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const cells = (tag: string, texts: readonly string[]): string =>
    texts.map((text) =>
      `<${tag} style="text-align: left; white-space: pre-wrap">${escape(text)}</${tag}>`
    ).join("");
  const line = (tag: string, texts: readonly string[]): string => `<tr>${cells(tag, texts)}</tr>`;
  return `<table><caption>${escape(caption)}</caption><thead>${line("th", headings)}</thead>` +
    `<tbody>${rows.map((row) => line("td", row)).join("")}</tbody></table>`;
}

function escape(text: string): string {
  return visible(text).replace(/[&<>"']/g, (char) => ENTITIES[char]!);
}
