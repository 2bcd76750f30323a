/** What a character does besides changing the line; "none" is the end without an answer. */
export type LineEvent = "end" | "none" | "interrupt" | "quit" | "suspend";

const EVENTS: Readonly<Record<string, LineEvent>> = {
  "\r": "end",
  "\n": "end",
  "\x03": "interrupt",
  "\x1a": "suspend",
  "\x1c": "quit",
};

/** The line that is typed at a terminal in raw mode, with the keys that a terminal knows itself. */
export class LineEditor {
  readonly #echo: (shown: string) => void;
  #chars: string[] = [];
  /** Whether the last characters began the sequence of a key such as an arrow. */
  #sequence: "none" | "escape" | "bracket" = "none";

  /** @param echo Shows what is typed. */
  constructor(echo: (shown: string) => void) {
    this.#echo = echo;
  }

  /** The line as it is now. */
  get line(): string {
    return this.#chars.join("");
  }

  /** Takes the next character. */
  push(char: string): LineEvent | undefined {
    if (this.#isInSequence(char)) return undefined;
    if (char === "\x04") return this.#chars.length === 0 ? "none" : "end";
    if (char === "\x7f" || char === "\b") this.#erase(1);
    else if (char === "\x15") this.#erase(this.#chars.length);
    else if (char >= " ") {
      this.#chars.push(char);
      this.#echo(char);
    }
    return EVENTS[char];
  }

  #erase(count: number): void {
    const erased = Math.min(count, this.#chars.length);
    this.#chars.length -= erased;
    this.#echo("\b \b".repeat(erased));
  }

  /** Whether `char` belongs to a key that has no meaning here. */
  #isInSequence(char: string): boolean {
    if (char === "\x1b") {
      this.#sequence = "escape";
      return true;
    }
    if (this.#sequence === "none" || char < " ") {
      this.#sequence = "none";
      return false;
    }
    const begins = this.#sequence === "escape" && (char === "[" || char === "O");
    const goesOn = this.#sequence === "bracket" && !/[A-Za-z~]/.test(char);
    this.#sequence = begins || goesOn ? "bracket" : "none";
    return true;
  }
}
