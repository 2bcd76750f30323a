/** The size of an arena. */
const SIZE = 2 * 1024 * 1024;

/**
 * Memory for bytes on their way that is used over and over: as garbage, they would fill the memory
 * until it is collected. Bytes in it are not written over until a megabyte more has been handed
 * out. A sender waits for the bytes to be on their way, and a pipe holds less than that.
 */
export class Arena {
  #bytes: Uint8Array | undefined;
  #at = 0;

  /** Hands out room for so many bytes, at most a megabyte. */
  room(size: number): Uint8Array {
    this.#bytes ??= new Uint8Array(SIZE);
    if (this.#at + size > SIZE) this.#at = 0;
    return this.#bytes.subarray(this.#at, this.#at += size);
  }

  /** Copies some bytes into it, at most a megabyte. */
  copy(bytes: Uint8Array): Uint8Array {
    const copy = this.room(bytes.length);
    copy.set(bytes);
    return copy;
  }
}
