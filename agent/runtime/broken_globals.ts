import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { Multiplexer } from "../wire/multiplexer.ts";

/** Built-ins that the agent uses. */
const NAMES = ["Array", "Map", "Set", "Uint8Array", "Promise", "Error", "Object", "Function"];

/** Something built in that may be replaced. */
interface Watched {
  readonly name: string;
  readonly owner: Record<PropertyKey, unknown>;
  readonly key: PropertyKey;
  value: unknown;
}

const { getOwnPropertyDescriptor, getPrototypeOf } = Object;

/**
 * Watches the built-ins that the agent uses: a function that replaces them by something that does
 * not work would let all calls hang.
 *
 * @param fail Writes a line to stderr and ends the agent at once.
 * @returns Looks whether they still work, and ends the agent with a message if not. It is quick as
 * long as nothing was replaced.
 */
export function watchGlobals(fail: (line: string) => void): () => void {
  const watched: Watched[] = [];
  const watch = (name: string, owner: object): void => {
    for (const key of Reflect.ownKeys(owner)) {
      const value = getOwnPropertyDescriptor(owner, key)!.value;
      if (typeof value !== "function") continue;
      watched.push({ name: `${name}.${String(key)}`, owner: owner as never, key, value });
    }
  };
  const globals = globalThis as unknown as Record<string, { prototype: object }>;
  for (const name of NAMES) {
    const value = globals[name]!;
    watched.push({ name, owner: globals, key: name, value });
    watch(`${name}.prototype`, value.prototype);
  }
  watch("Promise", Promise);
  watch("TypedArray.prototype", getPrototypeOf(Uint8Array.prototype));
  return () => {
    for (let i = 0; i < watched.length; i++) {
      const one = watched[i]!;
      if (one.owner[one.key] === one.value) continue;
      if (works()) {
        one.value = one.owner[one.key];
        continue;
      }
      fail(`A function has broken ${one.name}, which the agent needs: leave it as it is\n`);
    }
  };
}

/** Sends a message from one end to another, as an agent does. */
function works(): boolean {
  try {
    new Promise(() => {}).then();
    Promise.reject(Promise.resolve()).catch(() => {});
    let arrived = "";
    const end = (odd: boolean, write: (chunks: Uint8Array[]) => boolean): Multiplexer =>
      new Multiplexer({ write, close() {} }, {
        odd,
        onChannel(_, header) {
          const [list, map, bytes] = decode(header) as [string[], Map<string, number>, Uint8Array];
          arrived = `${list[0]}${list[1]} ${map.get("three")} ${bytes[1]}`;
        },
        onHello() {},
        onEnd() {},
      });
    const right = end(false, () => true);
    const left = end(true, (chunks) => {
      for (const chunk of chunks) right.handleChunk(chunk);
      return true;
    });
    const header = encode([["one", "two"], new Map([["three", 3]]), new Uint8Array([4, 5])]);
    left.open(header).send(header);
    left.flush();
    return arrived === "onetwo 3 5";
  } catch {
    return false;
  }
}
