import { concat } from "./concat.ts";
import { ProtocolError } from "./protocol_error.ts";

/**
 * The memory that an unread piece of a message takes beside its bytes. It is counted, so that many
 * tiny pieces cannot fill the memory.
 */
export const PIECE_COST = 200;

/** A message of which not all has come. */
export class UnfinishedMessage {
  /** How much of the window its frames took. */
  cost = 0;
  /** How much memory its pieces take. */
  memory = 0;
  #size = 0;
  readonly #pieces: Uint8Array[] = [];
  /**
   * Where the pieces are put if the size was told: to collect and join them takes twice as long.
   * The machine has no memory behind it until they come.
   */
  readonly #whole: Uint8Array<ArrayBuffer> | undefined;

  /**
   * @param size Its size, if that was told.
   * @throws {ProtocolError} If there cannot be so much memory.
   */
  constructor(size?: number) {
    try {
      this.#whole = size === undefined ? undefined : new Uint8Array(size);
    } catch {
      throw new ProtocolError(`A message of ${size} bytes, for which there is no memory`);
    }
  }

  /** How many bytes were told. */
  get told(): number {
    return this.#whole?.length ?? 0;
  }

  /** Adds a piece. It may be overwritten afterwards. Returns how much memory it takes. */
  add(piece: Uint8Array): number {
    let memory = piece.length;
    if (this.#whole !== undefined) this.#place(this.#whole, piece);
    else {
      this.#pieces.push(new Uint8Array(piece));
      memory += PIECE_COST;
    }
    this.#size += piece.length;
    this.memory += memory;
    return memory;
  }

  /** Gives the message, of which this is the last piece. */
  finish(last: Uint8Array): Uint8Array {
    const size = this.#size + last.length;
    if (this.#whole === undefined) return concat([...this.#pieces, last], size);
    this.#place(this.#whole, last);
    if (size < this.told) {
      throw new ProtocolError(`A message of ${size} bytes, of which ${this.told} were told`);
    }
    return this.#whole;
  }

  #place(whole: Uint8Array, piece: Uint8Array): void {
    if (this.#size + piece.length > whole.length) {
      throw new ProtocolError(`A message of more bytes than the ${whole.length} that were told`);
    }
    whole.set(piece, this.#size);
  }
}
