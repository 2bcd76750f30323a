/**
 * V8 finds the members of a `Map` or `Set` by a hash, and those with the same hash one after the
 * other. The hashes of strings and objects are random. Those of numbers, bigints and strings that
 * are array indexes can be known in advance, so an input can be made all of whose members have the
 * same: a `Set` of 200 KB then takes seconds. The hashes here are those of V8's functions
 * `ComputeUnseededHash` and `ComputeLongHash`. Should V8 have others some day, then nothing here
 * finds more than chance would have it.
 */

/** One member in so many is looked at, on average. Which ones, nobody can know in advance. */
const SAMPLE = 64;
/** An array index has at most so many digits. */
const INDEX_DIGITS = 10;
/** The most bits of a hash that are looked at. */
const MAX_BITS = 22;
/** So many members that come one after the other are found in a tenth of a microsecond. */
const PER_TIME = 20;

const number = new Float64Array(1);
const words = new Uint32Array(number.buffer);

/** How many members there are up to the next one to look at. */
export function nextGap(): number {
  return 1 + Math.floor(Math.random() * (2 * SAMPLE - 1));
}

/** Estimates how long V8 takes to find the places of the members of a `Map` or `Set`. */
export class HashChains {
  /** How many of the members that were looked at have hashes that end alike. */
  readonly #lengths: Uint16Array;

  /** `room` is how many bytes of input the members can be in. */
  constructor(room: number) {
    const bits = Math.ceil(Math.log2(room / 2 / SAMPLE + 2));
    this.#lengths = new Uint16Array(2 ** Math.min(Math.max(bits, 6), MAX_BITS));
  }

  /**
   * Looks at a member. Returns the time for it, and for those that are not looked at, in tenths of
   * a microsecond.
   */
  add(member: unknown): number {
    const hash = hashOf(member);
    if (hash === undefined) return 0;
    const at = hash & this.#lengths.length - 1;
    const length = this.#lengths[at]!;
    if (length < 0xffff) this.#lengths[at] = length + 1;
    return Math.ceil(length * SAMPLE * SAMPLE / PER_TIME);
  }
}

/** The hash of a value, as V8 has it, or `undefined` if it cannot be known in advance. */
function hashOf(value: unknown): number | undefined {
  if (typeof value === "number") {
    if ((value | 0) === value) return hash32(value);
    number[0] = value;
    return hash64(words[1]!, words[0]!);
  }
  if (typeof value === "bigint") {
    // Only the lowest digit counts.
    const low = BigInt.asUintN(64, value < 0n ? -value : value);
    return hash64(Number(low >> 32n), Number(low & 0xffff_ffffn));
  }
  if (typeof value !== "string" || value.length > INDEX_DIGITS) return undefined;
  if (value.charCodeAt(0) > 0x39) return undefined;
  const index = Number(value) >>> 0;
  return `${index}` === value ? index : undefined;
}

function hash32(key: number): number {
  let hash = ~key + (key << 15) | 0;
  hash ^= hash >>> 12;
  hash = hash + (hash << 2) | 0;
  hash ^= hash >>> 4;
  hash = Math.imul(hash, 2057);
  return hash ^ hash >>> 16;
}

/** The lower half of the hash of a number of 64 bits, which is given in two halves. */
function hash64(high: number, low: number): number {
  // hash = ~key + (key << 18)
  let sum = (~low >>> 0) + (low << 18 >>> 0);
  high = ~high + (high << 18 | low >>> 14) + (sum > 0xffff_ffff ? 1 : 0) | 0;
  low = sum | 0;
  // hash ^= hash >>> 31
  low ^= high << 1 | low >>> 31;
  high ^= high >>> 31;
  // hash *= 21
  sum = (low >>> 0) * 21;
  high = Math.imul(high, 21) + Math.floor(sum / 0x1_0000_0000) | 0;
  low = sum | 0;
  // hash ^= hash >>> 11
  low ^= high << 21 | low >>> 11;
  high ^= high >>> 11;
  // hash += hash << 6
  sum = (low >>> 0) + (low << 6 >>> 0);
  high = high + (high << 6 | low >>> 26) + (sum > 0xffff_ffff ? 1 : 0) | 0;
  low = sum | 0;
  // hash ^= hash >>> 22
  return low ^ (high << 10 | low >>> 22);
}
