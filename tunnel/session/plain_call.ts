import { type Handle, HandleKind } from "../../agent/protocol/handle.ts";
import type { ModuleRecord } from "../../agent/protocol/module_record.ts";
import { decodePlain, NOT_PLAIN } from "../../codec/plain.ts";
import type { CallImage } from "../closure/call_image.ts";

/** A module, or the code of functions. */
type Source = Pick<ModuleRecord, "source" | "imports"> & Partial<Pick<ModuleRecord, "kind">>;

/** More bytes are not looked through: beside them, a part of the agent is small. */
const MAX_SIZE = 64 * 1024;

/** Modules of the runtime whose functions give no streams, and begin nothing. */
const TAME_BUILTINS = new Set(["node:os", "node:path", "node:process", "node:url", "node:util"]);

/**
 * The text of code that may throw, or give what is not plain. What a function gives must neither
 * change nor lose anything while an agent asks for its part for values. So its code must not lead
 * to Node's streams, some of which throw away what nobody has read, nor begin what goes on when it
 * has returned.
 */
const GIVES_ODD = new RegExp(
  "\\\\[ux]|\\b(?:" +
    "import\\s*\\(|(?:require|global|globalThis|self|eval|Function|getBuiltinModule|" +
    "set(?:Timeout|Interval|Immediate)|queueMicrotask|nextTick|then|on|addEventListener|callback|" +
    "throw|yield|freeze|seal|preventExtensions|BigInt|Buffer|DataView|Headers|Intl|RegExp|Symbol|" +
    "Temporal|URL\\w*|Int\\d+Array|Uint(?!8Array)\\w+|Float\\d+Array|Big\\w+Array|\\w*Error|\\w*Stream)\\b)",
);

/**
 * Whether an agent without its part for values can take a call, whose modules are
 * {@linkcode isTame}. Whether it gives a plain value is guessed. The agent asks for the part if the
 * guess is wrong, which takes a round trip more.
 */
export function isPlainCall(image: CallImage): boolean {
  const { attachments, body, code, isGenerator, parts, place } = image;
  if (attachments.length > 0 || parts.length > 0 || isGenerator) return false;
  if (typeof place?.module === "string" && !isTameModule(place.module)) return false;
  if (code !== undefined && !(code.loads.every(isTameModule) && code.units.every(isTame))) {
    return false;
  }
  // Behind the function, the arguments and the variables there are properties of functions.
  return body === undefined ||
    isPlain(body, (values) => code === undefined || (values as unknown[]).length === 3);
}

/** Whether code leads to nothing that may throw, or give what is not plain. */
export function isTame({ kind = "js", source, imports }: Source): boolean {
  if (kind !== "js") return kind === "json" || kind === "text";
  return !GIVES_ODD.test(source as string) && Object.values(imports).every(isTameModule);
}

/** Whether a module is one that was sent, which is looked at by itself, or a tame one. */
function isTameModule(id: string): boolean {
  return !id.startsWith("node:") || TAME_BUILTINS.has(id);
}

/** Whether an agent without its part for values can read bytes that `encode()` has made. */
export function isPlain(
  bytes: Uint8Array,
  isSimple: (value: unknown) => boolean = () => true,
): boolean {
  if (bytes.length > MAX_SIZE) return false;
  try {
    return isSimple(decodePlain(bytes, revive));
  } catch {
    return false;
  }
}

/** Stands for the values of the handles that such an agent knows. */
function revive(data: unknown): unknown {
  const [kind] = data as Handle;
  if (kind === HandleKind.FUNCTION || kind === HandleKind.PLACE) return {};
  throw NOT_PLAIN;
}
