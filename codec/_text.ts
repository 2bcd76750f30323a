/**
 * Reads text from UTF-8. The fastest way depends on the length: calling a `TextDecoder` takes as
 * long as a loop over some dozen characters.
 */

/** Up to this length, in bytes, a loop is faster than a `TextDecoder`. */
const SHORT = 32;

// The strict decoder takes several times as long, so it only checks text that looks invalid.
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const strictUtf8 = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const { fromCharCode } = String;
/** An array of UTF-16 units for each short length, as making one takes longer than filling it. */
const unitsOf: number[][] = Array.from({ length: SHORT + 1 }, (_, size) => new Array(size).fill(0));

/** Gives the text of at most {@linkcode SHORT} bytes, or `undefined` if they are not ASCII. */
export function readAscii(b: Uint8Array, begin: number, size: number): string | undefined {
  if (size > 8) {
    const units = unitsOf[size]!;
    let ascii = 0;
    for (let i = 0; i < size; i++) ascii |= units[i] = b[begin + i]!;
    return ascii < 0x80 ? fromCharCode.apply(null, units) : undefined;
  }
  // The optimizing compiler handles calls with listed arguments better than `apply`.
  const c = b[begin]!;
  if (size < 2) return size === 0 ? "" : c < 0x80 ? fromCharCode(c) : undefined;
  const d = b[begin + 1]!;
  if (size === 2) return (c | d) < 0x80 ? fromCharCode(c, d) : undefined;
  const e = b[begin + 2]!;
  if (size === 3) return (c | d | e) < 0x80 ? fromCharCode(c, d, e) : undefined;
  const f = b[begin + 3]!;
  const first = c | d | e | f;
  if (size === 4) return first < 0x80 ? fromCharCode(c, d, e, f) : undefined;
  const g = b[begin + 4]!;
  if (size === 5) return (first | g) < 0x80 ? fromCharCode(c, d, e, f, g) : undefined;
  const h = b[begin + 5]!;
  if (size === 6) return (first | g | h) < 0x80 ? fromCharCode(c, d, e, f, g, h) : undefined;
  const i = b[begin + 6]!;
  if (size === 7) return (first | g | h | i) < 0x80 ? fromCharCode(c, d, e, f, g, h, i) : undefined;
  const j = b[begin + 7]!;
  return (first | g | h | i | j) < 0x80 ? fromCharCode(c, d, e, f, g, h, i, j) : undefined;
}

/** Gives the text of a few bytes, or `undefined` if they are invalid or beyond the basic plane. */
function readShort(bytes: Uint8Array, begin: number, end: number): string | undefined {
  const units = unitsOf[SHORT]!;
  let count = 0;
  while (begin < end) {
    const lead = bytes[begin++]!;
    if (lead < 0x80) {
      units[count++] = lead;
      continue;
    }
    const second = bytes[begin++]!;
    if (begin > end || (second & 0xc0) !== 0x80 || lead < 0xc2 || lead > 0xef) return undefined;
    if (lead < 0xe0) {
      units[count++] = (lead & 0x1f) << 6 | second & 0x3f;
      continue;
    }
    const third = bytes[begin++]!;
    const unit = (lead & 0xf) << 12 | (second & 0x3f) << 6 | third & 0x3f;
    if (begin > end || (third & 0xc0) !== 0x80 || unit < 0x800 || (unit & 0xf800) === 0xd800) {
      return undefined;
    }
    units[count++] = unit;
  }
  const exact = unitsOf[count]!;
  for (let i = 0; i < count; i++) exact[i] = units[i]!;
  return fromCharCode.apply(null, exact);
}

/** Gives the text of the bytes from `begin` to `end`. Throws an error if they are not UTF-8. */
export function readText(bytes: Uint8Array, begin: number, end: number): string {
  const size = end - begin;
  if (size <= SHORT) {
    const text = readAscii(bytes, begin, size) ?? readShort(bytes, begin, end);
    if (text !== undefined) return text;
  }
  const part = bytes.subarray(begin, end);
  const text = utf8.decode(part);
  // Invalid bytes have become U+FFFD, but the text may also contain that character.
  if (text.includes("\ufffd")) strictUtf8.decode(part);
  return text;
}
