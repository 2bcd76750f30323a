/** Gives the same numbers for the same seed: mulberry32, by Tommy Ettinger (public domain). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000 * limit);
  }

  /** A size that is often at a limit, seldom large, and at most `limit`. */
  size(limit: number): number {
    return Math.min(
      limit,
      [0, 1, this.below(20), this.below(2000), this.below(limit + 1)][this.below(5)]!,
    );
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.below(256);
    return bytes;
  }

  /** Cuts `bytes` into pieces of random sizes up to `limit`. */
  *cut(bytes: Uint8Array, limit: number): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length;) {
      const size = 1 + this.below(limit);
      yield bytes.subarray(at, at + size);
      at += size;
    }
  }
}
