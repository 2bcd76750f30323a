import process from "node:process";
// One that makes no segmenter while it is loaded: string-width took 28 ms of each script.
import stringWidth from "npm:fast-string-width@3.0.2";

/** Texts whose characters take one column each, which is quicker to see than to add up. */
const PLAIN = /^[ -~]*$/;

/** How many columns a tab goes to. */
const TAB = 8;

let graphemes: Intl.Segmenter | undefined;

/** How many columns of a terminal a line takes. */
export function widthOf(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

/** A text with spaces at its end, so that it takes `width` columns of a terminal. */
export function padded(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

/** A line with spaces in place of its tabs, which would depend on what stands before the line. */
export function withoutTabs(line: string): string {
  if (!line.includes("\t")) return line;
  const parts = line.split("\t");
  const last = parts.pop()!;
  // Each part ends at a tab stop, so what stands before it does not change its width.
  return parts.map((part) => part + " ".repeat(TAB - widthOf(part) % TAB)).join("") + last;
}

/**
 * A line as several that take at most `width` columns each, without a loss.
 *
 * @param where Whether words stay whole, if they can. The columns of a program's output would move.
 */
export function wrapped(line: string, width: number, where: "at spaces" | "anywhere"): string[] {
  if (widthOf(line) <= width) return [line];
  const lines: string[] = [];
  let text = "";
  let taken = 0;
  for (const { segment } of (graphemes ??= new Intl.Segmenter()).segment(line)) {
    const more = widthOf(segment);
    if (taken + more > width && text !== "") {
      const space = where === "at spaces" ? text.trimEnd().lastIndexOf(" ") + 1 : 0;
      const end = space > 0 && text.slice(0, space).trim() !== "" ? space : text.length;
      lines.push(end < text.length ? text.slice(0, end).trimEnd() : text);
      text = text.slice(end);
      taken = widthOf(text);
    }
    text += segment;
    taken += more;
  }
  return [...lines, text];
}

/** How many columns the terminal has that this process prints to; without one, any number. */
export function terminalWidth(): number {
  const { isTTY, columns } = process.stdout;
  return isTTY && columns ? columns : Infinity;
}
