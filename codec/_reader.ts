import { maxTimeOf, Memory, Time } from "./_cost.ts";
import { DecodeError } from "./decode_error.ts";
import { readText } from "./_text.ts";

/** Inputs below this length, in bytes, are read without a `DataView`. */
const SHORT = 256;
/** Inputs up to this length, in bytes, are copied. V8 makes no buffer for one until it is asked. */
const SMALL = 64;
const UINT32 = 0x1_0000_0000;
/** So much memory is counted at a time. */
const STEP = 0x2000_0000;
/** The time that a value may take before it is needed. */
const UNKNOWN = 0x3fff_ffff;
/** The largest distance of a `Date` from the epoch, in milliseconds. */
const MAX_TIME = 8.64e15;

const { fromCharCode } = String;
const { isSafeInteger } = Number;

const float32 = new Float32Array(1);
const float32Word = new Uint32Array(float32.buffer);
const float64 = new Float64Array(1);
const float64Words = new Uint32Array(float64.buffer);

/** A reader refers to this between calls, so that it does not keep the last input. */
const EMPTY = new Uint8Array(0);

/**
 * Reads values that hold no others, and lengths, from an input that it moves through.
 *
 * Methods are private only in TypeScript, for the reason that `Writer` gives.
 */
export class Reader {
  protected bytes: Uint8Array = EMPTY;
  protected position = 0;
  /** Where the input ends, or the extension that is being read. */
  protected end = 0;
  /** Whether `end` is the end of an extension: more bytes of input would not help there. */
  protected enclosed = false;
  /** How much more memory the value may take before {@linkcode refill} is called. */
  protected memory = 0;
  /** How much memory the value may take beyond that. */
  private moreMemory = 0;
  private time = 0;
  private maxCost = 0;
  #view: DataView | undefined;
  readonly #small = new Uint8Array(SMALL);

  protected open(bytes: Uint8Array, maxCost: number): void {
    const { length } = bytes;
    // Shared memory could change while it is read, so it is copied. Of an instance of a subclass
    // only the plain view is used, since methods of a Node Buffer have other meanings. To ask a
    // small array for its buffer, which V8 makes then, takes longer than to copy it.
    if (length <= SMALL) {
      this.#small.fill(0, length).set(bytes);
      bytes = this.#small;
    } else if (!(bytes.buffer instanceof ArrayBuffer)) bytes = new Uint8Array(bytes);
    else if (Object.getPrototypeOf(bytes) !== Uint8Array.prototype) {
      bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.bytes = bytes;
    this.position = 0;
    this.end = length;
    this.maxCost = maxCost;
    // V8 subtracts from small integers faster, and `Infinity` is not one.
    const memory = maxCost < STEP ? maxCost : STEP;
    this.moreMemory = maxCost - memory;
    // The bytes of all strings are counted here.
    if ((this.memory = memory - length) < 0) this.refill();
    this.time = UNKNOWN;
  }

  /** How much memory the value takes, as far as it has been read. */
  protected get cost(): number {
    return this.maxCost - this.moreMemory - this.memory;
  }

  /** Counts memory and time that the value takes. */
  spend(memory: number, time = 0): void {
    if ((this.memory -= memory) < 0) this.refill();
    if (time === 0) return;
    if (this.time === UNKNOWN) this.time = maxTimeOf(this.bytes.length, this.maxCost);
    if ((this.time -= time) >= 0 || this.maxCost === Infinity) return;
    throw this.tooCostly(`it takes too long for its size, with maxCost at ${this.maxCost}`);
  }

  /** Makes `memory` positive, if the value may take more memory. */
  protected refill(): void {
    const more = Math.min(this.moreMemory, Math.max(STEP, -this.memory));
    this.moreMemory -= more;
    this.memory += more;
    if (this.memory >= 0) return;
    throw this.tooCostly(`it takes more than ${this.maxCost} bytes of memory`);
  }

  private tooCostly(problem: string): DecodeError {
    return new DecodeError(problem, this.position, false, "maxCost");
  }

  /** Lets go of the input. */
  protected close(): void {
    this.bytes = EMPTY;
    this.#view = undefined;
  }

  /** Makes the error for a problem at `offset`, which is the current position unless given. */
  protected bad(problem: string, offset: number = this.position): DecodeError {
    return new DecodeError(problem, offset);
  }

  /** Makes sure that `size` more bytes are there. */
  protected need(size: number): void {
    if (size > this.end - this.position) {
      throw new DecodeError(
        this.enclosed ? "it is longer than the extension around it" : "the input ends within it",
        this.position,
        !this.enclosed,
      );
    }
  }

  /** Reads an unsigned integer of 1, 2 or 4 bytes. */
  protected uint(size: number): number {
    this.need(size);
    const bytes = this.bytes;
    if (size === 1) return bytes[this.position++]!;
    if (size === 2) return bytes[this.position++]! << 8 | bytes[this.position++]!;
    return this.uint32();
  }

  /** Reads 4 bytes that are known to be there. */
  private uint32(): number {
    const bytes = this.bytes;
    const position = this.position;
    this.position = position + 4;
    return (bytes[position]! << 24 | bytes[position + 1]! << 16 | bytes[position + 2]! << 8 |
      bytes[position + 3]!) >>> 0;
  }

  protected int64(signed: boolean): number | bigint {
    this.need(8);
    const first = this.uint32();
    const high = signed ? first | 0 : first;
    const low = this.uint32();
    const value = high * UINT32 + low;
    return isSafeInteger(value) ? value : BigInt(high) * BigInt(UINT32) + BigInt(low);
  }

  protected float32(): number {
    float32Word[0] = this.uint(4);
    return float32[0]!;
  }

  protected float64(): number {
    this.need(8);
    const bytes = this.bytes;
    if (bytes.length < SHORT) {
      // A view reads fastest, but making one takes longer than reading a few numbers this way.
      float64Words[1] = this.uint32();
      float64Words[0] = this.uint32();
      return float64[0]!;
    }
    this.#view ??= new DataView(bytes.buffer, bytes.byteOffset);
    this.position += 8;
    return this.#view.getFloat64(this.position - 8);
  }

  /** Reads an integer in two's complement. */
  protected bigint(size: number): bigint {
    this.need(size > 0 ? size : 1);
    this.spend(Memory.STRING + size, Time.BIGINT);
    const flip = this.bytes[this.position]! > 0x7f ? 0xf : 0;
    // The way through hexadecimal takes linear time; shifting by words would take quadratic time.
    const digits = new Uint8Array(size * 2);
    for (let i = 0; i < size * 2; i += 2) {
      const byte = this.bytes[this.position++]!;
      digits[i] = "0123456789abcdef".charCodeAt(byte >> 4 ^ flip);
      digits[i + 1] = "0123456789abcdef".charCodeAt(byte & 0xf ^ flip);
    }
    try {
      const value = BigInt("0x" + readText(digits, 0, size * 2));
      return flip ? ~value : value;
    } catch {
      throw this.bad("it is larger than this runtime's bigints");
    }
  }

  /** Reads `size` bytes of UTF-8. */
  protected string(size: number): string {
    this.need(size);
    const begin = this.position;
    this.position += size;
    try {
      return readText(this.bytes, begin, this.position);
    } catch {
      throw this.bad("it is not valid UTF-8, or too long for a string", begin);
    }
  }

  /** Reads `size` bytes of UTF-16, which may have lone surrogates. */
  protected utf16(size: number): string {
    if (size % 2 > 0) throw this.bad("its last UTF-16 unit is incomplete");
    this.spend(Memory.STRING + size, Time.BINARY);
    const units = new Uint16Array(this.take(size).buffer);
    let text = "";
    for (let i = 0; i < units.length; i += 4096) {
      text += fromCharCode.apply(null, units.subarray(i, i + 4096) as never);
    }
    return text;
  }

  /** Reads `size` bytes into memory of their own. */
  protected take(size: number): Uint8Array<ArrayBuffer> {
    this.need(size);
    this.spend(Memory.BINARY + size, Time.BINARY);
    return this.bytes.slice(this.position, this.position += size) as Uint8Array<ArrayBuffer>;
  }

  /** Reads a timestamp in one of the three forms that MessagePack has. */
  protected date(size: number): Date {
    let nanoseconds = 0;
    let high = 0;
    if (size === 12) {
      nanoseconds = this.uint(4);
      high = this.uint(4) | 0;
    } else if (size === 8) {
      const both = this.uint(4);
      nanoseconds = both >>> 2;
      high = both & 3;
    } else if (size !== 4) throw this.bad("a timestamp has 4, 8 or 12 bytes");
    const seconds = high * UINT32 + this.uint(4);
    const time = seconds * 1000 + Math.floor(nanoseconds / 1_000_000);
    if (nanoseconds > 999_999_999 || Math.abs(time) > MAX_TIME) {
      throw this.bad("the timestamp is out of range");
    }
    return new Date(time);
  }
}
