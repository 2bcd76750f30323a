/** Its size, and so how much is handed out before anything is written over. */
const SIZE = 2 * 1024 * 1024;

/**
 * Memory for bytes on their way that is used over and over: as garbage, they would fill the memory until somebody collects
 * them. What {@linkcode room} gives stays as it is until a megabyte more has been given; whoever sends it waits for it to be
 * on its way, and no pipe holds so much.
 */
export class Arena {
  #bytes: Uint8Array | undefined;
  #at = 0;

  /** Room for so many bytes, at most a megabyte. */
  room(size: number): Uint8Array {
    this.#bytes ??= new Uint8Array(SIZE);
    if (this.#at + size > SIZE) this.#at = 0;
    return this.#bytes.subarray(this.#at, this.#at += size);
  }

  /** A copy of some bytes, at most a megabyte. */
  copy(bytes: Uint8Array): Uint8Array {
    const copy = this.room(bytes.length);
    copy.set(bytes);
    return copy;
  }
}
