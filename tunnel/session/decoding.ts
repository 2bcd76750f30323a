import type { Revision } from "../../agent/protocol/handle.ts";
import type { DecodeOptions } from "../../codec/decode.ts";
import { showError, visibleSource } from "../visible.ts";

/** How the bytes of a far end are decoded. */
export type Decoding = Readonly<DecodeOptions> & Revision & { readonly maxCost: number };

/** The most memory for registered symbols that a far end has named, in bytes. */
const MAX_SYMBOLS = 16 * 1024 ** 2;

/** The memory that a registered symbol takes beside its key. */
const SYMBOL_COST = 100;

/**
 * Makes the options for decoding: nothing of a far end takes more than `maxResult` bytes of memory,
 * and what is printed as it is holds no control characters.
 */
export function decodingOf(maxResult: number): Decoding {
  return {
    maxCost: maxResult,
    reviseError: showError,
    reviseSource: visibleSource,
    symbolFor: limitedSymbols(),
  };
}

/** `Symbol.for()` with a limit: a runtime keeps a symbol of its registry for ever. */
function limitedSymbols(): (key: string) => symbol {
  let keys: Set<string> | undefined;
  let size = 0;
  return (key) => {
    keys ??= new Set();
    if (!keys.has(key)) size += SYMBOL_COST + 2 * key.length;
    if (size > MAX_SYMBOLS) throw new TypeError("It has too many registered symbols");
    keys.add(key);
    return Symbol.for(key);
  };
}
