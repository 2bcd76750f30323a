/** Texts that every shell reads as one word, as they are. */
const PLAIN = /^[A-Za-z0-9_\/.,:=@%+-]+$/;

/**
 * `text` as one word of a login shell. POSIX shells read any text so. Fish and csh read it alike
 * if it holds no `'`, `\`, `!` or line break.
 */
export function quote(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * `text` as one word of a POSIX shell, on one line.
 *
 * @param newline A variable that holds a line break, such as `$nl`.
 */
export function quoteLine(text: string, newline: string): string {
  return quote(text).replaceAll("\n", `'"${newline}"'`);
}

/** A path as a word of a POSIX shell, on one line; `~/` at its start is the home folder there. */
export function wordOfPath(path: string, newline: string): string {
  return path.startsWith("~/")
    ? `"$HOME"/${quoteLine(path.slice(2), newline)}`
    : quoteLine(path, newline);
}
