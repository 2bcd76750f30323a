import { Buffer } from "node:buffer";

/** A sign of life begins with this byte, which text hardly ever contains. The marker follows. */
export const SIGN_START: Uint8Array = new Uint8Array([0x16]);

/** The letter at the end of a sign when the agent's process is stopped, as by SIGSTOP. */
const STOPPED = "T".charCodeAt(0);

/** The letter in place of the state when an interpreter has not come up. It is no sign of life. */
export const NEXT_LETTER = "N";

const NEXT = NEXT_LETTER.charCodeAt(0);

const NOTHING = Buffer.alloc(0);

/** Who takes what a {@linkcode SignRemover} finds. */
export interface SignRemoverOptions {
  /** The connection's marker. */
  readonly marker: string;
  /** Takes the bytes around the signs. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** The shell at the far end lives, and so does the agent. */
  readonly onSign: () => void;
  /** An interpreter has not come up. All that it printed has come. */
  readonly onNext: () => void;
}

/**
 * Takes the signs of life out of what comes through stderr, wherever they stand: the shell around
 * the agent writes them between, and in the middle of, what the agent and its children print.
 */
export class SignRemover {
  readonly #options: SignRemoverOptions;
  /** A sign without its last letter. */
  readonly #sign: Buffer;
  /** The start of a sign, as far as it has come. */
  #held = NOTHING;

  constructor(options: SignRemoverOptions) {
    this.#options = options;
    // `Buffer.concat` would keep all of a block in memory of which this is a part.
    this.#sign = Buffer.alloc(SIGN_START.length + options.marker.length);
    this.#sign.set(SIGN_START);
    this.#sign.write(options.marker, SIGN_START.length);
  }

  /** Takes the next bytes. */
  push(chunk: Uint8Array): void {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = NOTHING;
    let from = 0;
    for (let at = 0; (at = bytes.indexOf(SIGN_START[0]!, at)) !== -1;) {
      // Nearly always, this is enough to tell.
      if (at + 1 < bytes.length && bytes[at + 1] !== this.#sign[1]) {
        at++;
        continue;
      }
      const part = bytes.subarray(at, at + this.#sign.length);
      if (!this.#sign.subarray(0, part.length).equals(part)) {
        at++;
        continue;
      }
      this.#emit(bytes.subarray(from, at));
      from = at + this.#sign.length + 1;
      if (from > bytes.length) {
        this.#held = Buffer.from(bytes.subarray(at));
        return;
      }
      if (bytes[from - 1] === NEXT) this.#options.onNext();
      else if (bytes[from - 1] !== STOPPED) this.#options.onSign();
      at = from;
    }
    this.#emit(bytes.subarray(from));
  }

  /** Passes on what only looked like the start of a sign: there will be no more bytes. */
  end(): void {
    this.#emit(this.#held);
    this.#held = NOTHING;
  }

  #emit(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#options.onBytes(bytes);
  }
}
