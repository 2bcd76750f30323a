/**
 * The keys of decoded objects, which are few and come again and again, in the same order: each is
 * remembered in the place that its hash says, along with the place of the key that followed it.
 * Remembering them also spares V8 from looking for the one copy of the string that it uses as key.
 */

import { readAscii } from "./_text.ts";

/** The number of places, a power of 2. */
const PLACES = 2048;
/** How many bytes of a key a place has room for, a power of 2; longer keys are not remembered. */
const ROOM = 32;

const keys: string[] = new Array(PLACES).fill("");
const keyBytes = new Uint8Array(PLACES * ROOM);
const followers = new Uint16Array(PLACES);
let last = 0;

/** Whether the key of `size` bytes at `begin` is the one that `place` remembers. */
function matches(place: number, bytes: Uint8Array, begin: number, size: number): boolean {
  if (keys[place]!.length !== size) return false;
  const offset = place * ROOM;
  for (let i = 0; i < size; i++) if (keyBytes[offset + i] !== bytes[begin + i]) return false;
  return true;
}

/** Gives the key of `size` bytes at `begin`, fewer than 32, or `undefined` if it is not ASCII. */
export function readKey(bytes: Uint8Array, begin: number, size: number): string | undefined {
  let place = followers[last]!;
  if (!matches(place, bytes, begin, size)) {
    let hash = size;
    for (let i = 0; i < size; i++) hash = Math.imul(hash ^ bytes[begin + i]!, 0x0100_0193);
    place = (hash ^ hash >>> 15) & PLACES - 1;
    if (!matches(place, bytes, begin, size)) {
      const text = readAscii(bytes, begin, size);
      if (text === undefined) return undefined;
      // The way through a property gives V8's own copy of the string.
      keys[place] = Object.keys({ [text]: 0 })[0]!;
      for (let i = 0; i < size; i++) keyBytes[place * ROOM + i] = bytes[begin + i]!;
    }
    followers[last] = place;
  }
  last = place;
  return keys[place];
}
