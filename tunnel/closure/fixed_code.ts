import { type Code, HandleKind } from "../../agent/protocol/handle.ts";
import { encode } from "../../codec/encode.ts";
import { isInteractive } from "../modules/entry_module.ts";
import type { AnyFunction } from "./any_function.ts";
import { isOwnGlobal } from "./builtin.ts";
import type { CallDraft } from "./call_draft.ts";
import { codeTextOf } from "./function_text.ts";
import type { FunctionLocation } from "./inspector.ts";
import { patches, usesPatch } from "./patches.ts";

/** Where V8 says a function is written. */
type Position = Pick<FunctionLocation, "scriptId" | "line" | "column">;
type Locate = (fn: AnyFunction) => Position | undefined;

/** What was found out of a function that sees no variable, and what that depends on. */
interface FixedCode {
  readonly code: Code;
  readonly location: Position;
  /** The names by which it uses globals. */
  readonly names: readonly string[];
  readonly properties: readonly (readonly [string | symbol, PropertyDescriptor])[];
  readonly prototype: object | null;
}

/** V8 need not be asked again about these. They hold no value of the script. */
const fixed = new WeakMap<AnyFunction, FixedCode>();
/**
 * The same by the texts of functions: of a function that is made again and again, only its place
 * has to be known.
 */
const byText = new Map<string, FixedCode[]>();

/** So many texts are remembered. */
const MAX_TEXTS = 1000;

/**
 * Looks whether a function that was drafted by itself sees no variable, so that nothing changes
 * what is sent of it but what {@linkcode findFixed} looks at.
 *
 * @returns Takes note of the code that was made of the draft, and of the modules that it needs;
 * `undefined` if it is not such a function.
 */
export function noteFixed(
  fn: AnyFunction,
  { units, sent, patched }: CallDraft,
): ((code: Code, modules: readonly string[]) => void) | undefined {
  const [unit] = units;
  const one = unit?.codes[0];
  if (one === undefined || units.length > 1 || unit!.codes.length > 1) return undefined;
  if (one.fn !== fn || !one.seesNothing || isInteractive(unit!.url)) return undefined;
  if (sent.properties.length > 0 || sent.integrity.length > 0 || patched.length > 0) {
    return undefined;
  }
  // Files that these name may come later.
  if (/\b(?:import|Worker|fork)\b/.test(one.code.text)) return undefined;
  const { location, code: { uses: { names, globals } } } = one;
  const known = {
    location,
    names: [...names, ...globals],
    properties: propertiesOf(fn),
    prototype: Object.getPrototypeOf(fn),
  };
  return (code, modules) => {
    const { loads, namespaces, units: [made] } = code;
    if (loads.length > 0 || namespaces !== undefined || modules.length > 0) return;
    if (made!.resolves !== undefined || Object.keys(made!.imports).length > 0) return;
    const found: FixedCode = { code, ...known };
    fixed.set(fn, found);
    const text = codeTextOf(fn);
    const alike = byText.get(text) ?? [];
    if (alike.some((other) => isAt(other.location, location))) return;
    if (byText.size >= MAX_TEXTS) byText.clear();
    byText.set(text, [...alike, found]);
  };
}

/** What is sent for another call of such a function. */
export interface FixedCall {
  readonly code: Code;
  readonly body: Uint8Array;
}

/**
 * What is sent for another call of a function that {@linkcode noteFixed} has noted, with arguments
 * that are primitive values; `undefined` if that has to be found out.
 *
 * @param locate Asks V8 where a function is.
 */
export function findFixed(
  fn: AnyFunction,
  args: readonly unknown[],
  locate: Locate,
): FixedCall | undefined {
  const known = fixed.get(fn) ?? madeBefore(fn, locate);
  if (known === undefined || !isAsBefore(fn, known)) return undefined;
  const body = encode([fn, args, [[]]], {
    handle: (value) => value === fn ? [HandleKind.FUNCTION, 0, 0] : undefined,
  });
  return { code: known.code, body };
}

/** What is known of a function that was made by the same code as one before. */
function madeBefore(fn: AnyFunction, locate: Locate): FixedCode | undefined {
  const alike = byText.get(codeTextOf(fn));
  if (alike === undefined) return undefined;
  const location = locate(fn);
  const found = location && alike.find((one) => isAt(one.location, location));
  if (found !== undefined) fixed.set(fn, found);
  return found;
}

function isAt(one: Position, { scriptId, line, column }: Position): boolean {
  return one.scriptId === scriptId && one.line === line && one.column === column;
}

function isAsBefore(fn: AnyFunction, { names, properties, prototype }: FixedCode): boolean {
  const now = propertiesOf(fn);
  if (now.length !== properties.length || !Object.isExtensible(fn)) return false;
  if (Object.getPrototypeOf(fn) !== prototype || names.some(isOwnGlobal)) return false;
  const isSame = now.every(([key, one], i) => {
    const [before, { value, writable, enumerable, configurable, get }] = properties[i]!;
    return key === before && Object.is(one.value, value) && one.get === get &&
      one.writable === writable && one.enumerable === enumerable &&
      one.configurable === configurable;
  });
  if (!isSame || Object.hasOwn(fn, "prototype") && !isUntouched(fn.prototype, fn)) return false;
  const text = codeTextOf(fn);
  return !patches().some((patch) => usesPatch(text, patch));
}

/** The properties of a function. Its `prototype`, which leads to the function, is left out. */
function propertiesOf(fn: AnyFunction): FixedCode["properties"] {
  return Reflect.ownKeys(fn).map((key) => {
    const descriptor = Object.getOwnPropertyDescriptor(fn, key)!;
    return [key, key === "prototype" ? { ...descriptor, value: undefined } : descriptor];
  });
}

/** Whether the `prototype` of a function is as the function was made with it. */
function isUntouched(prototype: unknown, fn: AnyFunction): boolean {
  if (typeof prototype !== "object" || prototype === null) return false;
  const made = Object.getOwnPropertyDescriptor(prototype, "constructor");
  return made?.value === fn && !made.enumerable && made.writable === true &&
    made.configurable === true && Reflect.ownKeys(prototype).length === 1 &&
    Object.isExtensible(prototype) && Object.getPrototypeOf(prototype) === Object.prototype;
}
