import type { Progress } from "./progress.ts";

/** So many characters are printed at once at most, as a write for each line would take long. */
const ROOM = 64 * 1024;

/**
 * What the command line prints to: results on stdout, all else on stderr. On a terminal, a line
 * that shows the progress stays below both.
 */
export class Screen {
  #progress: Progress | undefined;
  #text = "";
  /** The write that is under way, or the last one. */
  #current: Promise<void> = Promise.resolve();
  /** The write that takes all that is said until then. */
  #next: Promise<void> | undefined;

  /** Whether so much waits for the reader that whoever prints should wait, too. */
  get isFull(): boolean {
    return this.#text.length >= ROOM;
  }

  /** Puts a line that shows the progress below all that is printed. */
  set progress(progress: Progress | undefined) {
    this.#progress = progress;
  }

  /**
   * Prints a result. Resolves when it is out, so that whoever waits is no faster than the reader;
   * rejects if nobody reads it any more.
   */
  async print(text: string): Promise<void> {
    this.#text += `${text}\n`;
    await (this.#next ??= this.#current.then(() => this.#write()));
  }

  /** Prints a line that is not a result. */
  printError(line: string): void {
    this.#progress?.hide();
    console.error(line);
    this.#progress?.show();
  }

  #write(): Promise<void> {
    const bytes = new TextEncoder().encode(this.#text);
    this.#text = "";
    this.#next = undefined;
    this.#progress?.hide();
    this.#current = writeAll(bytes).finally(() => this.#progress?.show());
    return this.#current;
  }
}

/** Milliseconds after which a pipe that was full is tried again. */
const PAUSE = 10;

async function writeAll(bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    try {
      at += await Deno.stdout.write(bytes.subarray(at));
    } catch (error) {
      // Another program has set the pipe so that it does not block.
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}
