import { Buffer } from "node:buffer";
import { ProtocolError } from "../../agent/wire/protocol_error.ts";
import { exitCodeAtEnd } from "./exit_notice.ts";

/** How many bytes of the noise in front of the agent are kept for errors. */
const NOISE_TAIL = 2048;
/** The longest line, in bytes, that the shell at the far end may print. */
const MAX_LINE = 64 * 1024;
/** So many interpreters are remembered that did not come up. There are hardly as many places. */
const MAX_FALLEN = 100;

const NOTHING = Buffer.alloc(0);

/** An interpreter that did not come up. */
export interface FallenInterpreter {
  /** How it ended: `old`, or `failed` with a code, or `failed` with `hung`. */
  readonly word: "old" | "failed";
  /** The version that it says, or the code and the path. */
  readonly text: string;
}

/**
 * Reads all that comes before the agent's frames: noise of any size (a banner, the output of an
 * `rc` file), and the lines with the marker that the bootstrap prints.
 */
export class BootReader {
  /** How far the far end has come. */
  stage: "shell" | "bringing" | "interpreter" | "agent" = "shell";
  /** The kind and path of the interpreter that was started last. */
  interpreter = "";
  /** Why the shell has started no agent: `cwd` or `none`. */
  failure: string | undefined;
  /** The interpreters that did not come up, in order. */
  readonly fallen: FallenInterpreter[] = [];

  readonly #marker: string;
  /** The marker, as a line of ours begins with it. It is needed until the agent is up. */
  #start: Buffer;
  readonly #onAgent: (rest: Uint8Array) => void;
  readonly #onAnswer: ((word: string, text: string) => boolean) | undefined;
  #buffer = NOTHING;
  #noise = NOTHING;
  /** Whether the buffer starts just after a marker. */
  #inLine = false;

  /**
   * `onAgent` gets the bytes that came after the agent's line. `onAnswer` gets the lines of which
   * nothing is known here, and returns whether it has known them.
   */
  constructor(
    marker: string,
    onAgent: (rest: Uint8Array) => void,
    onAnswer?: (word: string, text: string) => boolean,
  ) {
    // `Buffer.from` would keep all of a block in memory of which this is a part.
    this.#start = Buffer.alloc(marker.length + 1, `${marker} `);
    this.#marker = marker;
    this.#onAgent = onAgent;
    this.#onAnswer = onAnswer;
  }

  /** The end of the noise, without the EXIT frame of an interpreter that has ended. */
  get noise(): string {
    const rest = this.#inLine ? NOTHING : this.#buffer;
    const all = Buffer.concat([this.#noise, rest]);
    const noise = exitCodeAtEnd(all, this.#marker)?.before ?? all;
    return Buffer.from(noise).subarray(-NOISE_TAIL).toString().trim();
  }

  /**
   * Takes the next bytes.
   *
   * @throws {ProtocolError} If a line with the marker is too long.
   */
  push(chunk: Uint8Array): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      if (!this.#inLine) {
        const at = this.#buffer.indexOf(this.#start);
        // The end of the buffer may be the start of a marker.
        const skipped = at === -1 ? Math.max(0, this.#buffer.length - this.#start.length) : at;
        if (skipped > 0) {
          this.#noise = Buffer.concat([this.#noise, this.#buffer.subarray(0, skipped)]).subarray(
            -NOISE_TAIL,
          );
          this.#buffer = this.#buffer.subarray(skipped);
        }
        if (at === -1) return;
        this.#buffer = this.#buffer.subarray(this.#start.length);
        this.#inLine = true;
      }
      const end = this.#buffer.indexOf(10);
      if (end === -1) {
        if (this.#buffer.length <= MAX_LINE) return;
        throw new ProtocolError(`The shell printed a line of more than ${MAX_LINE} bytes`);
      }
      const line = this.#buffer.subarray(0, end).toString().trimEnd();
      this.#buffer = this.#buffer.subarray(end + 1);
      this.#inLine = false;
      if (this.#handleLine(line)) return;
    }
  }

  /** Returns whether frames follow. */
  #handleLine(line: string): boolean {
    const space = line.indexOf(" ");
    const word = space === -1 ? line : line.slice(0, space);
    const text = space === -1 ? "" : line.slice(space + 1).trim();
    if (word === "agent") {
      this.stage = "agent";
      const rest = this.#buffer;
      this.#buffer = this.#start = NOTHING;
      if (rest.length > 0) this.#onAgent(rest);
      return true;
    }
    if (word === "run") {
      this.stage = "interpreter";
      this.interpreter = text;
    } else if (word === "old" || word === "failed") {
      if (this.fallen.length < MAX_FALLEN) this.fallen.push({ word, text });
    } else if (this.#onAnswer?.(word, text)) {
      this.stage = "bringing";
    } else {
      this.failure = word;
    }
    return false;
  }
}
