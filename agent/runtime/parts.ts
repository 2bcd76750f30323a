import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { encodeFailure } from "../protocol/failure.ts";
import { runningCall } from "./running_call.ts";

// A function may replace it.
const evaluate = eval;

/** What the parts of an agent have in common with it; `_build.ts` has them take it from here. */
const SHARED = { decode, encode, encodeFailure, runningCall };

/** Gives what a part of the agent exports that comes as a script when it is needed. */
export function loadPart(source: string): object {
  return runScript<(shared: typeof SHARED) => object>(source)(SHARED);
}

/** Gives the value of a script. */
export function runScript<T>(text: string): T {
  return evaluate(text);
}
