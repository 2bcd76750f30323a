import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { isEncodeRefusal } from "../../codec/encode_refusal.ts";
import { HandleKind, reviveValue, valueHandle } from "./handle.ts";
import { remedyFor } from "./remedy.ts";
import { standIn } from "./stand_in.ts";

/**
 * How many objects of the runtime a value may have. Some take a thousand times the memory of their
 * handles.
 */
const MAX_RUNTIME_OBJECTS = 1000;

/** Options for {@linkcode encodeValue}. */
export interface EncodeValueOptions {
  /** The name of the value in errors, such as `result`. */
  readonly name?: string;
  /** Gives handles, in the place of {@linkcode valueHandle}. */
  readonly handle?: (value: unknown) => unknown;
}

/**
 * Encodes a value of a user's program.
 *
 * @throws {TypeError} If something in it has no copy. The text says what to do.
 */
export function encodeValue(
  value: unknown,
  { name = "value", handle = valueHandle }: EncodeValueOptions = {},
): Uint8Array<ArrayBuffer> {
  const levels = new Map<object, number>();
  try {
    return encode(value, {
      name,
      handle,
      standIn: (object) => standIn(object, levels),
    });
  } catch (error) {
    const remedy = isEncodeRefusal(error) ? remedyFor(error.problem, name) : "";
    throw remedy === "" ? error : new TypeError((error as Error).message + remedy);
  }
}

/**
 * Decodes what {@linkcode encodeValue} made at the other end, which is not trusted.
 *
 * @param revive Makes values of handles, in the place of {@linkcode reviveValue}.
 */
export function decodeValue(
  bytes: Uint8Array,
  revive: (data: unknown) => unknown = reviveValue,
): unknown {
  let left = MAX_RUNTIME_OBJECTS;
  return decode(bytes, {
    revive(data) {
      const isObject = Array.isArray(data) && data[0] === HandleKind.RUNTIME_OBJECT;
      if (isObject && --left < 0) throw new TypeError("It has too many objects of the runtime");
      return revive(data);
    },
  });
}
