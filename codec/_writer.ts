import { BIGINT, INVALID_DATE, TIMESTAMP, UTF16 } from "./extension.ts";
import {
  EXT_8,
  FIX_EXT_1,
  FIX_STR,
  FLOAT_64,
  INT_16,
  INT_32,
  INT_64,
  INT_8,
  MAP_16,
  STR_8,
  UINT_16,
  UINT_32,
  UINT_64,
  UINT_8,
} from "./format.ts";
import { Refusal } from "./_refusal.ts";

/** The size of the pool, which short encodings are parts of, in bytes. */
const POOL = 65_536;
/** The size of the longest encoding that becomes a part of the pool, in bytes. */
const POOLED = 16_384;
/** The largest buffer for long encodings that is kept for the next one, in bytes. */
const KEPT = 1_048_576;
/** From this length on, in bytes, binaries and strings are copied once, into the result. */
const LONG = 65_536;
/** The room for long strings of one value that is kept, in bytes. */
const TEXTS = 4_194_304;
/** Up to this length, in UTF-16 units, a loop is faster than a `TextEncoder`. */
const SHORT = 48;

const UINT32 = 0x1_0000_0000;
const { isSafeInteger } = Number;
const utf8 = new TextEncoder();

/** Whether UTF-8 can express `text`: `isWellFormed` is missing in Node 18. */
const isWellFormed: (text: string) => boolean = "isWellFormed" in String.prototype
  ? (text) => (text as unknown as { isWellFormed(): boolean }).isWellFormed()
  : (text) => !/\p{Surrogate}/u.test(text);

/** Returns a length, which must have at most 32 bits. */
export function checkSize(size: number): number {
  if (size >= UINT32) throw new Refusal("its encoding has 4 GiB or more");
  return size;
}

/**
 * Writes values that hold no others, and headers, into a buffer that it owns and reuses.
 *
 * Methods are private only in TypeScript, here and in the other classes of the codec: V8 checks the
 * object at each call of a `#method`, which costs a tenth of the speed.
 */
export class Writer {
  #pool = new Uint8Array(0);
  #scratch = new Uint8Array(0);
  /** Where the pool's free part begins, while the encoding is in the scratch. */
  #free = 0;

  /** Where the encoding is written: the pool, or the scratch once it has outgrown that. */
  protected bytes: Uint8Array<ArrayBuffer> = this.#pool;
  protected view: DataView = new DataView(this.#pool.buffer);
  /**
   * Where the encoding begins. A new buffer changes this and the position, but not their distance.
   */
  protected start = 0;
  protected position = 0;

  /** Long runs of bytes, which are only put into the encoding when it is finished. */
  #inserts: { at: number; bytes: Uint8Array }[] = [];
  /** The total length of the inserts. */
  protected inserted = 0;
  /** Room for the inserts that are strings, and how much of it is taken. */
  #texts = new Uint8Array(0);
  #taken = 0;

  /** Returns the encoding, and makes ready for the next one. */
  protected finish(): Uint8Array<ArrayBuffer> {
    const { start, position } = this;
    if (this.bytes === this.#pool && this.inserted === 0) {
      this.start = position;
      return this.bytes.subarray(start, position);
    }
    const result = new Uint8Array(position - start + this.inserted);
    let read = start;
    let written = 0;
    for (const { at, bytes } of this.#inserts) {
      result.set(this.bytes.subarray(read, start + at), written);
      written += start + at - read;
      read = start + at;
      result.set(bytes, written);
      written += bytes.length;
    }
    result.set(this.bytes.subarray(read, position), written);
    if (this.bytes !== this.#pool) {
      this.bytes = this.#pool;
      this.view = new DataView(this.#pool.buffer);
      this.start = this.#free;
      if (this.#scratch.length > KEPT) this.#scratch = new Uint8Array(0);
    }
    this.position = this.start;
    this.#inserts = [];
    this.inserted = 0;
    this.#taken = 0;
    return result;
  }

  /** Makes room for `size` more bytes. */
  protected reserve(size: number): void {
    if (this.position + size > this.bytes.length) this.grow(size);
  }

  private grow(size: number): void {
    const used = this.bytes.subarray(this.start, this.position);
    const needed = used.length + size;
    let bytes: Uint8Array<ArrayBuffer>;
    if (needed <= POOLED) {
      this.#pool = bytes = new Uint8Array(POOL);
    } else {
      if (this.bytes === this.#pool) this.#free = this.start;
      bytes = this.#scratch.length >= needed && this.bytes !== this.#scratch
        ? this.#scratch
        : new Uint8Array(Math.max(needed * 2, LONG));
      this.#scratch = bytes;
    }
    bytes.set(used);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
    this.start = 0;
    this.position = used.length;
  }

  protected number(value: number): void {
    const bytes = this.bytes;
    const position = this.position;
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      if (value >= -0x20 && value < 0x80) {
        bytes[position] = value;
        this.position = position + 1;
      } else if (value >= -0x80 && value < 0x100) {
        bytes[position] = value > 0 ? UINT_8 : INT_8;
        bytes[position + 1] = value;
        this.position = position + 2;
      } else if (value >= -0x8000 && value < 0x1_0000) {
        bytes[position] = value > 0 ? UINT_16 : INT_16;
        bytes[position + 1] = value >> 8;
        bytes[position + 2] = value;
        this.position = position + 3;
      } else {
        bytes[position] = value > 0 ? UINT_32 : INT_32;
        this.view.setInt32(position + 1, value);
        this.position = position + 5;
      }
    } else if (value >>> 0 === value && value !== 0) {
      bytes[position] = UINT_32;
      this.view.setInt32(position + 1, value);
      this.position = position + 5;
    } else this.float(value);
  }

  protected float(value: number): void {
    this.bytes[this.position] = FLOAT_64;
    this.view.setFloat64(this.position + 1, value);
    this.position += 9;
  }

  protected bigint(value: bigint): void {
    const number = Number(value);
    if (!isSafeInteger(number) && BigInt.asIntN(64, value) === value) {
      this.bytes[this.position] = INT_64;
      this.view.setBigInt64(this.position + 1, value);
      this.position += 9;
    } else if (!isSafeInteger(number) && BigInt.asUintN(64, value) === value) {
      this.bytes[this.position] = UINT_64;
      this.view.setBigUint64(this.position + 1, value);
      this.position += 9;
    } else {
      // The way through hexadecimal takes linear time; shifting by words would take quadratic time.
      const digits = (value < 0n ? ~value : value).toString(16);
      // The sign needs one more byte if the highest bit is taken.
      const size = (digits.length >> 1) + (digits.length % 2 || digits >= "8" ? 1 : 0);
      const hex = digits.padStart(size * 2, "0");
      this.extension(BIGINT, size);
      this.reserve(size);
      const flip = value < 0n ? 0xff : 0;
      for (let i = 0; i < size; i++) {
        this.bytes[this.position++] = parseInt(hex.slice(i * 2, i * 2 + 2), 16) ^ flip;
      }
    }
  }

  protected string(text: string): void {
    const length = text.length;
    if (length > SHORT) return this.longString(text);
    this.reserve(length * 3 + 16);
    const bytes = this.bytes;
    const first = this.position + (length < 32 ? 1 : 2);
    let position = first;
    for (let i = 0; i < length; i++) {
      let unit = text.charCodeAt(i);
      if (unit < 0x80) {
        bytes[position++] = unit;
        continue;
      }
      if (unit < 0x800) bytes[position++] = unit >> 6 | 0xc0;
      else {
        if ((unit & 0xf800) === 0xd800) {
          const low = text.charCodeAt(i + 1);
          if (unit >= 0xdc00 || (low & 0xfc00) !== 0xdc00) return this.utf16(text);
          unit = 0x1_0000 + ((unit & 0x3ff) << 10 | low & 0x3ff);
          i++;
          bytes[position++] = unit >> 18 | 0xf0;
          bytes[position++] = unit >> 12 & 0x3f | 0x80;
        } else bytes[position++] = unit >> 12 | 0xe0;
        bytes[position++] = unit >> 6 & 0x3f | 0x80;
      }
      bytes[position++] = unit & 0x3f | 0x80;
    }
    const size = position - first;
    this.position = position;
    if (length < 32) {
      if (size < 32) {
        bytes[first - 1] = FIX_STR | size;
        return;
      }
      bytes.copyWithin(first + 1, first, position);
      this.position = position + 1;
      bytes[first - 1] = STR_8;
      bytes[first] = size;
    } else {
      bytes[first - 2] = STR_8;
      bytes[first - 1] = size;
    }
  }

  private longString(text: string): void {
    if (!isWellFormed(text)) return this.utf16(text);
    if (text.length >= LONG) {
      const bytes = this.utf8(text);
      this.header(STR_8, bytes.length);
      this.insert(bytes);
      return;
    }
    // The room for the header is a guess that all is ASCII, which is corrected afterwards.
    const guess = text.length < 0x100 ? 2 : 3;
    this.reserve(text.length * 3 + 5);
    const first = this.position + guess;
    const size = utf8.encodeInto(text, this.bytes.subarray(first)).written;
    const actual = size < 0x100 ? 2 : size < 0x1_0000 ? 3 : 5;
    if (actual !== guess) {
      this.bytes.copyWithin(this.position + actual, first, first + size);
    }
    this.header(STR_8, size);
    this.position += size;
  }

  /** Gives the UTF-8 of a long string, which stays until the encoding is finished. */
  private utf8(text: string): Uint8Array {
    const room = this.#taken + text.length * 3;
    // It takes up to ten times as long as `encodeInto()`, but no more memory than it needs.
    if (room > TEXTS) return utf8.encode(text);
    if (this.#texts.length === 0) this.#texts = new Uint8Array(TEXTS);
    const { written } = utf8.encodeInto(text, this.#texts.subarray(this.#taken));
    return this.#texts.subarray(this.#taken, this.#taken += written);
  }

  private utf16(text: string): void {
    const size = text.length * 2;
    this.extension(UTF16, size);
    this.reserve(size);
    for (let i = 0; i < text.length; i++) {
      this.view.setUint16(this.position, text.charCodeAt(i), true);
      this.position += 2;
    }
  }

  /** Writes the header of a string or a binary: `format` and a length of 8, 16 or 32 bits. */
  protected header(format: number, size: number): void {
    this.reserve(8);
    const wide = checkSize(size) < 0x100 ? 0 : size < 0x1_0000 ? 1 : 2;
    this.bytes[this.position++] = format + wide;
    for (let shift = (1 << wide) * 8; shift > 0;) {
      this.bytes[this.position++] = size >>> (shift -= 8);
    }
  }

  protected extension(type: number, size: number): void {
    const fixed = [1, 2, 4, 8, 16].indexOf(size);
    if (fixed < 0) this.header(EXT_8, size);
    else this.bytes[this.position++] = FIX_EXT_1 + fixed;
    this.bytes[this.position++] = type;
  }

  /** Writes `bytes`, or remembers long ones as an insert. */
  protected insert(bytes: Uint8Array): void {
    const size = bytes.length;
    if (size < LONG) {
      this.reserve(size);
      this.bytes.set(bytes, this.position);
      this.position += size;
    } else {
      this.#inserts.push({ at: this.position - this.start, bytes });
      this.inserted += size;
    }
  }

  /** Makes the header of the map at `at` wide enough for `count`. */
  protected widen(at: number, count: number): void {
    const room = count < 0x1_0000 ? 2 : 4;
    this.reserve(room);
    const header = this.start + at;
    this.bytes.copyWithin(header + 1 + room, header + 1, this.position);
    this.position += room;
    for (const insert of this.#inserts) if (insert.at > at) insert.at += room;
    if (room === 2) this.view.setUint16(header + 1, count);
    else this.view.setUint32(header + 1, count);
    this.bytes[header] = MAP_16 + (room >> 2);
  }

  protected date(time: number): void {
    if (time !== time) return this.extension(INVALID_DATE, 0);
    const seconds = Math.floor(time / 1000);
    const nanoseconds = (time - seconds * 1000) * 1_000_000;
    const high = Math.floor(seconds / UINT32);
    // The specification has three forms; this takes the shortest.
    const words = high === 0 && nanoseconds === 0
      ? [seconds]
      : high >= 0 && high < 4
      ? [nanoseconds * 4 + high, seconds]
      : [nanoseconds, high, seconds];
    this.extension(TIMESTAMP, words.length * 4);
    for (const word of words) {
      this.view.setUint32(this.position, word);
      this.position += 4;
    }
  }
}
