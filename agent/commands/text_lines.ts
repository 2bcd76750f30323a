/**
 * Cuts bytes that arrive in pieces into lines of text, without their line breaks. Bytes that are no
 * UTF-8 become U+FFFD.
 */
export class TextLines {
  readonly #decoder = new TextDecoder();
  /** The parts of the line that is not complete; a long one comes in many. */
  #parts: string[] = [];

  /** Takes the next bytes, and gives the lines that are complete now. */
  push(bytes: Uint8Array): string[] {
    return this.#cut(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Gives the last line, if it has no line break. */
  end(): string[] {
    const lines = this.#cut(this.#decoder.decode());
    const rest = this.#parts.join("");
    this.#parts = [];
    return rest === "" ? lines : [...lines, rest];
  }

  #cut(text: string): string[] {
    const [first, ...others] = text.split("\n");
    this.#parts.push(first!);
    if (others.length === 0) return [];
    const lines = [this.#parts.join(""), ...others];
    this.#parts = [lines.pop()!];
    return lines;
  }
}
