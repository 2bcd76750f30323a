/** Writes text with some of it at given places. The agent counts lines from the second one on. */
export class Placer {
  #text = "";
  #line = -1;
  #column = 0;

  write(text: string): void {
    this.#text += text;
    const last = text.lastIndexOf("\n");
    if (last === -1) {
      this.#column += text.length;
    } else {
      this.#line += text.split("\n").length - 1;
      this.#column = text.length - last - 1;
    }
  }

  place(text: string, line: number, column: number): void {
    if (line > this.#line) this.write("\n".repeat(line - this.#line));
    if (line === this.#line && column > this.#column) this.write(" ".repeat(column - this.#column));
    this.write(text);
  }

  toString(): string {
    return this.#text;
  }
}
