/** A line for `sh -c`, or a program and its arguments. */
export type Command = string | readonly string[];

/** The program to start for a command, its arguments, and the command as it is shown. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
  readonly shown: string;
}

/** Texts that a shell reads as one word, as they are. */
const PLAIN = /^[\w\/.,:=@%+-]+$/;

/**
 * Checks a command and takes it apart.
 *
 * @throws {TypeError} If it is neither a text nor a list of texts, if it is empty, or if it holds a
 * NUL, which no program can be given.
 */
export function commandLine(command: Command): CommandLine {
  const words = typeof command === "string" ? ["/bin/sh", "-c", command] : command;
  if (!Array.isArray(words) || !words.every((word) => typeof word === "string")) {
    throw new TypeError(
      "Cannot run the command: it must be a text for the shell, or an array of a program and its " +
        "arguments, which are texts",
    );
  }
  const [program, ...args] = words as string[];
  if (program === undefined || program === "") {
    throw new TypeError("Cannot run the command: it names no program");
  }
  if (words.some((word) => word.includes("\0"))) {
    throw new TypeError("Cannot run the command: it has a NUL character");
  }
  const shown = typeof command === "string" ? command : command.map(quote).join(" ");
  return { program, args, shown };
}

function quote(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
