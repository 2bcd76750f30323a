import { Buffer } from "node:buffer";

/**
 * Takes words out of a stream of bytes, however it is cut, and tells when they come. After the last
 * of the words, all passes.
 */
export class MarkedStream {
  readonly #words: readonly Buffer[];
  readonly #onWord: (word: string) => void;
  #kept: Buffer = Buffer.alloc(0);
  #isOver = false;

  /**
   * @param words What is taken out.
   * @param onWord Called with each of the words that comes.
   */
  constructor(words: readonly string[], onWord: (word: string) => void) {
    this.#words = words.map((word) => Buffer.from(word));
    this.#onWord = onWord;
  }

  /** Takes the next bytes, and returns those that are no part of a word. */
  push(chunk: Uint8Array): Uint8Array {
    if (this.#isOver) return chunk;
    const bytes = Buffer.concat([this.#kept, chunk]);
    const passed: Buffer[] = [];
    let from = 0;
    // Where each word comes next.
    const next = this.#words.map((word) => placeOf(bytes.indexOf(word)));
    for (let at; !this.#isOver && (at = Math.min(...next)) !== Infinity;) {
      const index = next.indexOf(at);
      const word = this.#words[index]!;
      passed.push(bytes.subarray(from, at));
      from = at + word.length;
      this.#isOver = index === this.#words.length - 1;
      this.#onWord(word.toString());
      for (const [i, place] of next.entries()) {
        if (place < from) next[i] = placeOf(bytes.indexOf(this.#words[i]!, from));
      }
    }
    const rest = bytes.subarray(from);
    const kept = this.#isOver ? 0 : Math.max(...this.#words.map((word) => startAtEnd(rest, word)));
    this.#kept = rest.subarray(rest.length - kept);
    return Buffer.concat([...passed, rest.subarray(0, rest.length - kept)]);
  }
}

/** A place in bytes; `Infinity` if there is none. */
function placeOf(at: number): number {
  return at === -1 ? Infinity : at;
}

/** How many bytes at the end of `bytes` are the start of `word`. */
function startAtEnd(bytes: Buffer, word: Buffer): number {
  let length = Math.min(bytes.length, word.length - 1);
  while (length > 0 && !bytes.subarray(-length).equals(word.subarray(0, length))) length--;
  return length;
}
