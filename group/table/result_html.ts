import { htmlTable, type WideRow } from "./html_table.ts";
import { hostList, type ResultRow, type ResultTable } from "./result_table.ts";

/** A table of results for a notebook. */
export function resultHtml({ title, columns, rows }: ResultTable): string {
  const headings = columns ?? ["Result"];
  return htmlTable(title, ["Hosts", ...headings], rows.flatMap((row) => rowsOf(row, headings)));
}

function rowsOf(row: ResultRow, headings: readonly string[]): (readonly string[] | WideRow)[] {
  const { state, hosts, note, isOutput, cells } = row;
  const label = hostList(hosts);
  const text = row.text(Infinity);
  if (isOutput) {
    const heading = { text: note === "" ? label : `${label}  ${note}`, isOutput: false };
    return text === "" ? [heading] : [heading, { text, isOutput }];
  }
  if (cells !== undefined) return [[label, ...cells]];
  const said = state === "ok" ? text : `${state}: ${text}`;
  return [[label, said, ...headings.slice(1).map(() => "")]];
}
