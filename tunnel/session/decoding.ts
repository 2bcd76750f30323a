import type { DecodeOptions } from "../../codec/decode.ts";
import { showError, visibleSource } from "../visible.ts";

/** How the bytes of a far end are decoded. */
export type Decoding = Readonly<DecodeOptions> & { readonly maxCost: number };

/**
 * Makes the options for decoding: nothing of a far end takes more than `maxResult` bytes of memory,
 * and what is printed as it is holds no control characters.
 */
export function decodingOf(maxResult: number): Decoding {
  return { maxCost: maxResult, reviseError: showError, reviseSource: visibleSource };
}
