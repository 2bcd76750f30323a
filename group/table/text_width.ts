/** Characters that take no column: combining marks, and what cannot be seen. */
const NOTHING = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/** Characters that take two columns of a terminal: East Asian ones, and pictures. */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})$/u;

/** A text with spaces at its end, so that it takes `width` columns of a terminal. */
export function padded(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

/** How many columns of a terminal a line takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += WIDE.test(char) ? 2 : NOTHING.test(char) ? 0 : 1;
  return width;
}
