import { StringDecoder } from "node:string_decoder";

/** A longer line is passed on in parts, so that a far end without line breaks costs no memory. */
const MAX_LINE = 64 * 1024;

/** How much of the end is kept for errors. */
const TAIL = 4096;

/** Cuts what the far end prints into lines, and keeps the last of them. */
export class StderrLines {
  readonly #decoder = new StringDecoder("utf8");
  readonly #onLine: (line: string) => void;
  #partial = "";
  #tail = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** The end of all that was printed, without a line break at its own end. */
  get tail(): string {
    const all = (this.#tail + this.#partial).trimEnd();
    if (all.length <= TAIL) return all;
    const cut = all.slice(-TAIL);
    return cut.slice(cut.indexOf("\n") + 1);
  }

  /** Takes the next bytes. */
  push(chunk: Uint8Array): void {
    this.#split(this.#partial + this.#decoder.write(chunk as never));
  }

  /** There will be no more: a last line may have no line break. */
  end(): void {
    this.#split(this.#partial + this.#decoder.end());
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
    this.#tail = `${this.#tail}${line}\n`.slice(-2 * TAIL);
    this.#onLine(line);
  }
}
