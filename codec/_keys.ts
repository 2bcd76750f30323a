/**
 * Decoded objects have few different keys, which come again and again, in the same order. So each
 * key is remembered in the slot that its hash selects, along with the slot of the key that followed
 * it. Remembering the keys also spares V8 from looking up its one copy of a string that serves as a
 * key.
 */

import { Memory } from "./_cost.ts";
import { readAscii } from "./_text.ts";

/** The number of slots, a power of 2. */
const SLOTS = 2048;
/** How many bytes of a key a slot has room for, a power of 2; longer keys are not remembered. */
const ROOM = 32;

const keys: string[] = new Array(SLOTS).fill("");
const keyBytes = new Uint8Array(SLOTS * ROOM);
const followers = new Uint16Array(SLOTS);
let last = 0;

/** Whether the key of `size` bytes at `begin` is the one that `slot` remembers. */
function matches(slot: number, bytes: Uint8Array, begin: number, size: number): boolean {
  if (keys[slot]!.length !== size) return false;
  const offset = slot * ROOM;
  for (let i = 0; i < size; i++) if (keyBytes[offset + i] !== bytes[begin + i]) return false;
  return true;
}

/** Counts memory that a value takes. */
interface Counter {
  spend(memory: number): void;
}

/**
 * Gives the key of `size` bytes at `begin`, fewer than 32, or `undefined` if it is not ASCII. Has
 * `counter` count the memory of a new key.
 */
export function readKey(
  bytes: Uint8Array,
  begin: number,
  size: number,
  counter: Counter,
): string | undefined {
  let slot = followers[last]!;
  if (!matches(slot, bytes, begin, size)) {
    let hash = size;
    for (let i = 0; i < size; i++) hash = Math.imul(hash ^ bytes[begin + i]!, 0x0100_0193);
    slot = (hash ^ hash >>> 15) & SLOTS - 1;
    if (!matches(slot, bytes, begin, size)) {
      const text = readAscii(bytes, begin, size);
      if (text === undefined) return undefined;
      counter.spend(Memory.KEY);
      // Making it the key of an object gives V8's own copy of the string.
      keys[slot] = Object.keys({ [text]: 0 })[0]!;
      for (let i = 0; i < size; i++) keyBytes[slot * ROOM + i] = bytes[begin + i]!;
    }
    followers[last] = slot;
  }
  last = slot;
  return keys[slot];
}
