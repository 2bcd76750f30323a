/**
 * What values cost that an input of a few bytes can make: memory, in bytes, and time, in tenths of
 * a microsecond. The numbers were measured on Deno and Node, roughly: they are there to stop an
 * input that takes a hundred times its own size, or seconds, whatever it is made of.
 *
 * @module
 */

/** How much memory a value may take, in bytes, when the options do not say. */
export const DEFAULT_MAX_COST: number = 256 * 1024 ** 2;

/**
 * The memory of one of each. A property and an element have room for a number or a short string.
 * What follows `MEMBER` comes on top of `OBJECT`.
 */
export const Memory = {
  OBJECT: 72,
  PROPERTY: 16,
  /** A key that has not occurred lately: also V8's description of an object with this key. */
  KEY: 160,
  /** A key that is an integer, or a property that is defined with its attributes. */
  SLOW_PROPERTY: 64,
  ELEMENT: 16,
  STRING: 24,
  MEMBER: 48,
  COLLECTION: 150,
  BINARY: 130,
  REGEXP: 130,
  URL: 500,
  ERROR: 330,
} as const;

/** The time to make one of each that takes much longer than to read its bytes. */
export const Time = {
  PROPERTY: 2,
  BIGINT: 1,
  BINARY: 3,
  COLLECTION: 2,
  REGEXP: 10,
  URL: 10,
  ERROR: 50,
} as const;

/** The time that any input may take: 50 ms. */
const FREE_TIME = 500_000;
/** The time that each byte of an input may take beyond that: 50 ns. */
const TIME_PER_BYTE = 0.5;

/** The longest time that is counted: more than a minute. */
const LONGEST_TIME = 0x3fff_fffe;

/** The time that an input of `size` bytes may take. With a larger `maxCost` it may take longer. */
export function maxTimeOf(size: number, maxCost: number): number {
  const time = (FREE_TIME + size * TIME_PER_BYTE) * Math.max(1, maxCost / DEFAULT_MAX_COST);
  return Math.min(Math.floor(time), LONGEST_TIME);
}

/** What V8 expands at once when it reads the source of a regular expression. */
const EXPANDED = /\\[pP]\{[^}]*\}?|\\[wWsSdDbB]|\[|\(\?<|\./g;

/** The time that it takes to make a regular expression, without running it. */
export function regExpTime(source: string, flags: string): number {
  let time = Time.REGEXP + source.length / 2;
  // Characters that descend take quadratic time in a class. In one of the flag `v` there may be
  // classes between them.
  const classes = flags.includes("v") ? [source] : source.match(/\[(?:\\[^]|[^\]\\])*/g) ?? [];
  for (const { length } of classes) time += source.includes("[") ? length * length / 64 : 0;
  const ignoresCase = flags.includes("i");
  for (const [part] of source.matchAll(EXPANDED)) {
    if (/^\\p/i.test(part)) time += part.includes("Emoji") ? 50_000 : 2_000;
    else if (ignoresCase) time += 100;
    else if (part === "(?<") time += 10;
  }
  return Math.ceil(time);
}
