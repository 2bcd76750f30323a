import { StringDecoder } from "node:string_decoder";
import { besideQuestion } from "../login/terminal.ts";
import { visible } from "../visible.ts";

/** A longer line is passed on in parts, so that output without line breaks costs no memory. */
const MAX_LINE = 64 * 1024;

/** How many characters of the end are kept for errors. */
const TAIL = 4096;

/** How many lines of a section are given. */
const MAX_SECTION = 20;

/** Cuts the output of the far end into lines, and keeps the last of them. */
export class StderrLines {
  /** Most far ends print nothing. */
  #decoder: StringDecoder | undefined;
  readonly #onLine: (line: string) => void;
  #partial = "";
  /** The last lines. They are cut when they have become many, as each cut takes a copy. */
  #last: string[] = [];
  #lastSize = 0;
  /** How many lines the present section has. */
  #count = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** The end of the output, without the line break at its very end. */
  get tail(): string {
    const all = [...this.#last, this.#partial].join("\n").trimEnd();
    if (all.length <= TAIL) return all;
    const cut = all.slice(-TAIL);
    return cut.slice(cut.indexOf("\n") + 1);
  }

  /** Ends a section, such as all that one interpreter printed, and gives its last lines. */
  endSection(): string {
    // A program that ends may leave its last line without a line break.
    this.end();
    const count = Math.min(this.#count, MAX_SECTION);
    this.#count = 0;
    return count === 0 ? "" : this.#last.slice(-count).join("\n");
  }

  /** Forgets all: other output follows. */
  clear(): void {
    this.end();
    this.#last = [];
    this.#lastSize = 0;
    this.#count = 0;
  }

  /** Takes the next bytes. */
  push(chunk: Uint8Array): void {
    this.#decoder ??= new StringDecoder("utf8");
    this.#split(this.#partial + this.#decoder.write(chunk as never));
  }

  /** Passes on the last line, which may have no line break: there will be no more bytes. */
  end(): void {
    this.#split(this.#partial + (this.#decoder?.end() ?? ""));
    if (this.#partial === "") return;
    const last = this.#partial;
    this.#partial = "";
    this.#emit(last);
  }

  #split(text: string): void {
    let start = 0;
    for (let end; (end = text.indexOf("\n", start)) !== -1; start = end + 1) {
      this.#emit(text.slice(start, text[end - 1] === "\r" && end > start ? end - 1 : end));
    }
    while (text.length - start > MAX_LINE) {
      this.#emit(text.slice(start, start + MAX_LINE));
      start += MAX_LINE;
    }
    this.#partial = text.slice(start);
  }

  #emit(line: string): void {
    this.#last.push(line);
    this.#count++;
    this.#lastSize += line.length + 1;
    if (this.#lastSize > 2 * MAX_LINE) {
      this.#last = [this.#last.join("\n").slice(-TAIL - 1)];
      this.#lastSize = TAIL + 2;
    }
    this.#onLine(line);
  }
}

/**
 * A function that takes the lines of a host: it passes them to `stderr`, or without that, prints
 * them behind `[host] `, with control characters made visible.
 */
export function lineReporter(
  host: string,
  stderr: ((line: string, host: string) => void) | undefined,
): (line: string) => void {
  const report = stderr ?? ((line) => {
    besideQuestion(() => console.error(`[${visible(host)}] ${visible(line)}`));
  });
  return (line) => {
    try {
      report(line, host);
    } catch (error) {
      // No caller waits for the line, and the connection goes on.
      console.error(`The stderr function of ${visible(host)} threw`, error);
    }
  };
}
