import { type Code, HandleKind } from "../../agent/protocol/handle.ts";
import { encode } from "../../codec/encode.ts";
import { isInteractive } from "../modules/entry_module.ts";
import type { AnyFunction } from "./any_function.ts";
import { isOwnGlobal } from "./builtin.ts";
import type { CallDraft } from "./call_draft.ts";
import type { CallImage } from "./call_image.ts";
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
 * The same by the texts of functions: of a function that is made again and again, only its place has
 * to be known.
 */
const byText = new Map<string, FixedCode[]>();

/** So many texts are remembered. */
const MAX_TEXTS = 1000;

/**
 * Takes note of what is sent of a function, if nothing else is, and nothing can change it but what
 * {@linkcode fixedImage} looks at.
 */
export function noteFixed(
  fn: AnyFunction,
  { units, sent, patched }: CallDraft,
  image: CallImage,
): void {
  const [unit, ...others] = units;
  const { code, modules } = image;
  if (unit === undefined || others.length > 0 || code === undefined || modules.length > 0) return;
  const [one, ...more] = unit.codes;
  if (
    isInteractive(unit.url) || one?.fn !== fn || more.length > 0 || !one.seesNothing ||
    patched.length > 0
  ) return;
  const { loads, namespaces, units: [{ imports, resolves } = { imports: {} }] } = code;
  if (loads.length > 0 || namespaces !== undefined || resolves !== undefined) return;
  if (Object.keys(imports).length > 0 || one.code.imports.length > 0) return;
  if (sent.properties.length > 0 || sent.integrity.length > 0) return;
  const { names, globals } = one.code.uses;
  const found: FixedCode = {
    code,
    location: one.location,
    names: [...names, ...globals],
    properties: propertiesOf(fn),
    prototype: Object.getPrototypeOf(fn),
  };
  fixed.set(fn, found);
  const text = codeTextOf(fn);
  const alike = byText.get(text) ?? [];
  if (alike.some(({ location }) => isAt(location, one.location))) return;
  if (byText.size >= MAX_TEXTS) byText.clear();
  byText.set(text, [...alike, found]);
}

/**
 * The image of another call of such a function, with arguments that are primitive values;
 * `undefined` if that has to be found out.
 *
 * @param locate Asks V8 where a function is.
 */
export function fixedImage(
  fn: AnyFunction,
  args: readonly unknown[],
  locate: Locate,
): CallImage | undefined {
  const known = fixed.get(fn) ?? madeBefore(fn, locate);
  if (known === undefined || !isAsBefore(fn, known)) return undefined;
  const body = encode([fn, args, [[]]], {
    handle: (value) => value === fn ? [HandleKind.FUNCTION, 0, 0] : undefined,
  });
  return { place: undefined, code: known.code, body, modules: [], attachments: [] };
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
    // Each function has a prototype of its own.
    return key === before && (key === "prototype" || Object.is(one.value, value)) &&
      one.get === get &&
      one.writable === writable && one.enumerable === enumerable &&
      one.configurable === configurable;
  });
  if (!isSame || Object.hasOwn(fn, "prototype") && !isUntouched(fn.prototype, fn)) return false;
  const text = codeTextOf(fn);
  return !patches().some((patch) => usesPatch(text, patch));
}

function propertiesOf(fn: AnyFunction): FixedCode["properties"] {
  return Reflect.ownKeys(fn).map((key) => [key, Object.getOwnPropertyDescriptor(fn, key)!]);
}

/** Whether the `prototype` of a function is as the function was made with it. */
function isUntouched(prototype: unknown, fn: AnyFunction): boolean {
  if (typeof prototype !== "object" || prototype === null) return false;
  const made = Object.getOwnPropertyDescriptor(prototype, "constructor");
  return made?.value === fn && !made.enumerable && made.writable === true &&
    made.configurable === true && Reflect.ownKeys(prototype).length === 1 &&
    Object.isExtensible(prototype) && Object.getPrototypeOf(prototype) === Object.prototype;
}
