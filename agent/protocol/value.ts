import { decode, type DecodeOptions } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { isEncodeRefusal } from "../../codec/encode_refusal.ts";
import { isList } from "./is_list.ts";
import { KeptProperties } from "./kept_properties.ts";
import { isPart, type Parts } from "./parts.ts";
import { HandleKind, type Revision, reviveValue, valueHandle } from "./handle.ts";
import { remedyFor } from "./remedy.ts";
import { runtimeWeight } from "./runtime_object.ts";
import { SharedViews } from "./shared_views.ts";
import { standIn } from "./stand_in.ts";

/**
 * How many objects of the runtime a value may have. Some take a thousand times the memory of their
 * handles.
 */
const MAX_RUNTIME_OBJECTS = 1000;

/** Such errors take less than other objects, and of many operations each may have failed. */
const WEIGHT_OF_ERROR = 1 / 20;

/** What a handle costs of {@linkcode MAX_RUNTIME_OBJECTS}. */
function weightOf([kind, name, part]: readonly unknown[]): number {
  switch (kind) {
    case HandleKind.DOM_EXCEPTION:
    case HandleKind.ERROR_RESULT:
      return WEIGHT_OF_ERROR;
    case HandleKind.RUNTIME_OBJECT:
      return name === "Buffer" ? 0 : runtimeWeight(name, part);
  }
  return 0;
}

/** Options for {@linkcode encodeValue}. */
export interface EncodeValueOptions {
  /** The name of the value in errors, such as `result`. */
  readonly name?: string;
  /** Gives handles, in the place of {@linkcode valueHandle}. */
  readonly handle?: (value: unknown) => unknown;
  /** Takes what goes as messages of its own. Without it, all is in the encoding. */
  readonly parts?: Parts | undefined;
}

/**
 * Encodes a value of a user's program.
 *
 * @throws {TypeError} If something in it has no copy. The text says what to do.
 */
export function encodeValue(
  value: unknown,
  { name = "value", handle = valueHandle, parts }: EncodeValueOptions = {},
): Uint8Array<ArrayBuffer> {
  const kept = new KeptProperties(value, handle);
  const views = new SharedViews();
  let shared = views.find();
  const levels = new Map<object, number>();
  const options = {
    name,
    handle: (part: unknown) =>
      kept.handleOf(part) ?? views.handleOf(part) ?? parts?.handleOf(part) ?? handle(part),
    standIn(object: object): object | undefined {
      if (object === kept || shared.has(object)) return object;
      kept.look(object);
      views.look(object);
      if (parts !== undefined && isPart(object)) return object;
      return standIn(object, levels);
    },
  };
  try {
    let bytes = encode(value, options);
    // The properties may have objects with more of them.
    for (let count = 0; kept.count + (shared = views.find()).size > count;) {
      count = kept.count + shared.size;
      parts?.clear();
      bytes = encode(kept.count > 0 ? kept : value, options);
    }
    return bytes;
  } catch (error) {
    if (!isEncodeRefusal(error)) throw error;
    const { path, problem } = kept.explain(error, name);
    const remedy = remedyFor(problem, name);
    if (remedy === "" && path === error.path) throw error;
    throw new (error.kind === "depth" ? RangeError : TypeError)(
      `Cannot encode ${path}: ${problem}${remedy}`,
    );
  }
}

/**
 * Decodes what {@linkcode encodeValue} made at the other end.
 *
 * @param options How to decode it. The default of `revive` is {@linkcode reviveValue}.
 */
export function decodeValue(
  bytes: Uint8Array,
  { revive = (data) => reviveValue(data, options), ...options }: DecodeOptions & Revision = {},
): unknown {
  let left = MAX_RUNTIME_OBJECTS;
  return decode(bytes, {
    ...options,
    revive(data) {
      if (!isList(data, bytes.length)) throw new TypeError("It has a handle that is not an array");
      left -= weightOf(data);
      if (left < 0) throw new TypeError("It has too many objects of the runtime");
      return revive(data);
    },
  });
}
