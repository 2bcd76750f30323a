const PLAIN = /^[A-Za-z0-9_\/.,:=@%+-]+$/;

/** `text` as one word of any login shell: POSIX shells, fish and csh read it alike if it holds no `'`, `\`, `!` or line break. */
export function quote(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** `text` as one word of a POSIX shell, on one line: `newline` stands for a variable that holds a line break. */
export function quoteLine(text: string, newline: string): string {
  return quote(text).replaceAll("\n", `'"${newline}"'`);
}
