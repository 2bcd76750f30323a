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
    let rest = Buffer.concat([this.#kept, chunk]);
    const passed: Buffer[] = [];
    for (let found; !this.#isOver && (found = this.#first(rest)) !== undefined;) {
      passed.push(rest.subarray(0, found.at));
      rest = rest.subarray(found.at + found.word.length);
      this.#isOver = found.word === this.#words.at(-1);
      this.#onWord(found.word.toString());
    }
    const kept = this.#isOver ? 0 : Math.max(...this.#words.map((word) => startAtEnd(rest, word)));
    this.#kept = rest.subarray(rest.length - kept);
    return Buffer.concat([...passed, rest.subarray(0, rest.length - kept)]);
  }

  #first(bytes: Buffer): { readonly at: number; readonly word: Buffer } | undefined {
    return this.#words.map((word) => ({ at: bytes.indexOf(word), word }))
      .filter(({ at }) => at !== -1)
      .sort((a, b) => a.at - b.at)[0];
  }
}

/** How many bytes at the end of `bytes` are the start of `word`. */
function startAtEnd(bytes: Buffer, word: Buffer): number {
  let length = Math.min(bytes.length, word.length - 1);
  while (length > 0 && !bytes.subarray(-length).equals(word.subarray(0, length))) length--;
  return length;
}
