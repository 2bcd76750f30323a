import { decodePlain, encodePlain } from "../../codec/plain.ts";
import { Flag } from "../wire/frame.ts";
import { Multiplexer } from "../wire/multiplexer.ts";

/** Built-ins that the agent uses in each call, besides those that it takes at its start. */
const NAMES = ["Array", "Map", "Set", "Uint8Array", "Promise", "Error", "Object", "Function"];

/** Others, which it uses less, or which are less often replaced. */
const MORE = ["String", "RegExp", "DataView", "TextDecoder", "TextEncoder", "Symbol"];

/** Something built in that may be replaced. */
interface Watched {
  readonly name: string;
  readonly owner: Record<PropertyKey, unknown>;
  readonly key: PropertyKey;
  readonly original: unknown;
  /** The original, or what works as well. */
  value: unknown;
}

/** What the agent encodes and decodes values with. */
interface Codec {
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
  encodeFailure?(error: unknown): Uint8Array;
}

/**
 * Looks whether the built-ins still work, and ends the agent with a message if not. It is quick as
 * long as nothing was replaced, and quicker if it does not look at all of them.
 *
 * @param codec What the agent uses from now on, which may need more of them.
 */
export type CheckGlobals = (all?: boolean, codec?: Codec) => void;

const { getOwnPropertyDescriptor, getPrototypeOf } = Object;

/**
 * Watches the built-ins that the agent uses: a function that replaces them by something that does
 * not work would let all calls hang.
 *
 * @param fail Writes a line to stderr and ends the agent at once.
 */
export function watchGlobals(fail: (line: string) => void): CheckGlobals {
  const watched: Watched[] = [];
  let codec: Codec = { encode: encodePlain, decode: decodePlain };
  const watch = (name: string, owner: object): void => {
    for (const key of Reflect.ownKeys(owner)) {
      const value = getOwnPropertyDescriptor(owner, key)!.value;
      if (typeof value !== "function") continue;
      watched.push({
        ...{ name: `${name}.${String(key)}`, owner: owner as never, key, original: value, value },
      });
    }
  };
  const globals = globalThis as unknown as Record<string, { prototype: object }>;
  const watchAll = (names: readonly string[]): void => {
    for (const name of names) {
      const value = globals[name]!;
      watched.push({ name, owner: globals, key: name, original: value, value });
      watch(`${name}.prototype`, value.prototype);
    }
  };
  watchAll(NAMES);
  watch("Promise", Promise);
  watch("TypedArray.prototype", getPrototypeOf(Uint8Array.prototype));
  const count = watched.length;
  watchAll(MORE);
  watch("Object", Object);
  return (all, newCodec) => {
    for (let i = 0; i < (all ? watched.length : count); i++) {
      const one = watched[i]!;
      if (newCodec !== undefined) {
        codec = newCodec;
        one.value = one.original;
      }
      if (one.owner[one.key] === one.value) continue;
      if (works(codec)) {
        one.value = one.owner[one.key];
        continue;
      }
      fail(`A function has broken ${one.name}, which the agent needs: leave it as it is\n`);
    }
  };
}

/** Sends messages from one end to another and back, as an agent does. */
function works({ encode, decode, encodeFailure = encode }: Codec): boolean {
  try {
    new Promise(() => {}).then();
    Promise.reject(Promise.resolve()).catch(() => {});
    let arrived = "";
    const end = (odd: boolean, write: (chunks: Uint8Array[]) => boolean): Multiplexer =>
      new Multiplexer({ write, close() {} }, {
        odd,
        onChannel(channel, header) {
          const [list, map, bytes] = decode(header) as [string[], Map<string, number>, Uint8Array];
          arrived = `${list[0]}${list[1]} ${map.get("three")} ${bytes[1]}`;
          const isWhole = encodeFailure !== encode;
          channel.send(encodeFailure(isWhole ? new TypeError("é") : "é"), Flag.FAILURE | Flag.END);
        },
        onHello() {},
        onEnd() {},
      });
    const right: Multiplexer = end(false, (chunks) => {
      for (const chunk of chunks) left.handleChunk(chunk);
      return true;
    });
    const left = end(true, (chunks) => {
      for (const chunk of chunks) right.handleChunk(chunk);
      return true;
    });
    const values = [["one", "two"], new Map([["three", 3]]), new Uint8Array([4, 5]), -70_000, 1.5];
    const header = encode(values);
    left.open(header).send(header, Flag.END);
    left.flush();
    right.flush();
    const list = [1, 2, 3].filter((one) => one > 1);
    return arrived === "onetwo 3 5" && right.size === 0 && list.at(-1) === 3;
  } catch {
    return false;
  }
}
