/**
 * Encoded objects have few different keys, which come again and again, in the same order. So each
 * key is remembered in the slot that a hash selects, along with the slot of the key that followed
 * it: V8 looks up each character of a string anew, and copying the encoding takes a third of that.
 */

/** The number of slots, a power of 2. */
const SLOTS = 512;
/** How many bytes of an encoding a slot has room for, a multiple of 4; longer ones are not kept. */
export const ROOM = 32;
/** One key in so many new ones is remembered, a power of 2, since most may never come again. */
const SAMPLE = 8;

const keys: string[] = new Array(SLOTS).fill("");
const sizes = new Uint8Array(SLOTS);
const encodings = new DataView(new ArrayBuffer(SLOTS * ROOM));
const followers = new Uint16Array(SLOTS);
let last = 0;
let news = 0;

function slotOf(key: string): number {
  const { length } = key;
  return key.charCodeAt(0) * 5 + key.charCodeAt(length - 1) * 37 + length * 67 & SLOTS - 1;
}

/**
 * Writes a key at `position`, where there is {@linkcode ROOM}, if its encoding is known. Returns
 * the size of what it wrote, or 0.
 */
export function writeKnown(key: string, view: DataView, position: number): number {
  let slot = followers[last]!;
  if (keys[slot] !== key) {
    slot = slotOf(key);
    if (keys[slot] !== key) return 0;
    followers[last] = slot;
  }
  last = slot;
  const size = sizes[slot]!;
  for (let i = 0; i < size; i += 4) {
    view.setInt32(position + i, encodings.getInt32(slot * ROOM + i));
  }
  return size;
}

/** Remembers, now and then, a key whose encoding is in `bytes`, from `begin` to `end`. */
export function remember(key: string, bytes: Uint8Array, begin: number, end: number): void {
  news = (news + 1) % SAMPLE;
  if (news > 0) return;
  const size = end - begin;
  // The text of a very long key is not in `bytes`.
  if (key.length > ROOM || size > ROOM) return;
  const slot = slotOf(key);
  keys[slot] = key;
  sizes[slot] = size;
  for (let i = 0; i < size; i++) encodings.setUint8(slot * ROOM + i, bytes[begin + i]!);
}
