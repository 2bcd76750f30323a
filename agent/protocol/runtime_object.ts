/**
 * Objects of classes of the runtime that can be made anew from plain data: they have no state but
 * what they were made from. The other end makes its own of the same class, if it has the class.
 *
 * @module
 */

import { runtimeName } from "./runtime_name.ts";
import { stringOf } from "./handle_data.ts";

/** What describes an object: the arguments of the constructor, or of `from()`. */
type Describe = (value: never) => unknown[];

interface RuntimeClass {
  new (...data: unknown[]): object;
  from?: (text: unknown) => object;
  readonly prototype: object;
}

/** A formatter of `Intl`. */
interface Formatter {
  resolvedOptions(): Record<string, unknown>;
  format(value: unknown): unknown;
}

const RAW_JSON = "JSON.rawJSON";

/** What Node before 22 does not have. */
const rawJson = JSON as {
  isRawJSON?: (value: unknown) => boolean;
  rawJSON?: (text: string) => object;
};

/**
 * The longest text that describes a formatter or a locale. What a runtime does with it takes a
 * hundred times as long as to read it.
 */
const MAX_TEXT = 1000;

const asText: Describe = (value) => [String(value)];

/** All classes whose objects are sent, by the names of their constructors. */
const CLASSES: ReadonlyMap<unknown, Describe> = new Map<string, Describe>([
  ["URLSearchParams", asText],
  ["Headers", (value: Headers) => [[...value]]],
  ["TextEncoder", () => []],
  [
    "TextDecoder",
    ({ encoding, fatal, ignoreBOM }: TextDecoder) => [encoding, { fatal, ignoreBOM }],
  ],
  ["Intl.Locale", asText],
  ...("PlainDate PlainTime PlainDateTime PlainYearMonth PlainMonthDay ZonedDateTime Instant " +
    "Duration").split(" ").map((name) => [`Temporal.${name}`, asText] as const),
  ...("NumberFormat DateTimeFormat PluralRules RelativeTimeFormat ListFormat Collator " +
    "DisplayNames Segmenter DurationFormat").split(" ").map((name) =>
      [`Intl.${name}`, (value: Formatter) => describeFormatter(`Intl.${name}`, value)] as const
    ),
]);

/** The name of the class and what describes the object; `undefined` for any other value. */
export function describeRuntimeObject(
  value: unknown,
): readonly [name: string, ...data: unknown[]] | undefined {
  if (isBuffer(value)) {
    const { buffer, byteOffset, byteLength } = value;
    return ["Buffer", new Uint8Array(buffer, byteOffset, byteLength)];
  }
  try {
    if (isRawJson(value)) return [RAW_JSON, value.rawJSON];
    const name = (value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag]!;
    const describe = CLASSES.get(name);
    if (describe === undefined) return undefined;
    if (Object.getPrototypeOf(value) !== classOf(name)?.prototype) return undefined;
    return [name, ...describe(value as never)];
  } catch {
    return undefined; // it only looks like one
  }
}

/**
 * Makes an object from what {@linkcode describeRuntimeObject} gave at the other end.
 *
 * @throws {TypeError} If it is of no class that is sent, or if this runtime cannot make it.
 */
export function makeRuntimeObject(name: unknown, ...data: unknown[]): object {
  if (name === "Buffer") {
    // Of a length alone, `from()` would make as many bytes as a number says.
    if (!(data[0] instanceof Uint8Array)) throw new TypeError("It has a Buffer of no bytes");
    const { buffer, byteOffset, byteLength } = data[0];
    return Buffer.from(buffer, byteOffset, byteLength);
  }
  if (name === RAW_JSON) {
    if (rawJson.rawJSON === undefined) throw new TypeError(`${runtimeName()} has no ${name}`);
    return rawJson.rawJSON(stringOf(data[0]));
  }
  const known = stringOf(name);
  if (!CLASSES.has(known)) throw new TypeError(`${known} is not a class whose objects are sent`);
  if (!isDescription(known, data)) throw new TypeError(`It has no ${name} that can be made`);
  const made = make(known, data);
  const [locale, options] = data;
  if (!("resolvedOptions" in made)) return made;
  // A runtime takes another locale for one that it does not have, and ignores unknown options.
  const resolved = (made as Formatter).resolvedOptions();
  for (const [key, value] of Object.entries({ ...options as object, locale })) {
    // One time zone may have several names.
    if (key === "timeZone" || resolved[key] === value) continue;
    throw new TypeError(`${runtimeName()} has no ${name} with the ${key} ${value}`);
  }
  return made;
}

/** Up to so many pairs of one header list cost no more than any other object. */
const FEW_PAIRS = 31;

/**
 * What an object costs of all that a value may have. A runtime looks at each pair of a header list
 * for each other pair.
 */
export function runtimeWeight(name: unknown, list: unknown): number {
  const count = name === "Headers" && Array.isArray(list) ? list.length : 0;
  return count > FEW_PAIRS ? count * count / 1000 : 1;
}

/**
 * Whether data is what {@linkcode describeRuntimeObject} gives of an object of this class. A
 * constructor would make texts of anything else, which can be endless: of arrays within arrays.
 */
function isDescription(name: string, data: readonly unknown[]): boolean {
  if (name === "Headers") return isPairs(data[0]);
  const limit = name.startsWith("Intl.") ? MAX_TEXT : Infinity;
  const isShort = (value: unknown): boolean =>
    Object(value) !== value && !(typeof value === "string" && value.length > limit);
  return data.length <= 2 && data.every((part) =>
    isShort(part) ||
    Object.getPrototypeOf(part) === Object.prototype && Object.values(part as object).every(isShort)
  );
}

function isPairs(list: unknown): boolean {
  if (!Array.isArray(list)) return false;
  for (const pair of list) { // every() would go past holes
    if (!Array.isArray(pair) || pair.length !== 2) return false;
    if (typeof pair[0] !== "string" || typeof pair[1] !== "string") return false;
  }
  return true;
}

/** Whether a value was made by `JSON.rawJSON()`, which is a plain object but for `stringify()`. */
export function isRawJson(value: unknown): value is { readonly rawJSON: string } {
  return rawJson.isRawJSON?.(value) === true;
}

/** Whether a value is a `Buffer`, whose methods do not do what those of its parent do. */
export function isBuffer(value: unknown): value is Uint8Array {
  if (!(value instanceof Uint8Array)) return false;
  const prototype = Object.getPrototypeOf(value);
  // The runtime may load the class when it is first asked for.
  return prototype !== Uint8Array.prototype && prototype === globalThis.Buffer?.prototype;
}

function make(name: string, data: readonly unknown[]): object {
  const own = classOf(name);
  if (own === undefined) throw new TypeError(`${runtimeName()} has no ${name}`);
  return name.startsWith("Temporal.") ? own.from!(data[0]) : new own(...data);
}

function classOf(name: string): RuntimeClass | undefined {
  let found: unknown = globalThis;
  for (const key of name.split(".")) found = (found as Record<string, unknown> | undefined)?.[key];
  return found as RuntimeClass | undefined;
}

/** Options on which the defaults of others depend. */
const DECISIVE = ["style", "currency", "unit", "notation", "type"];

function describeFormatter(name: string, value: Formatter): unknown[] {
  // Some options follow from the others. `hour12` would replace `hourCycle`.
  const { locale, hour12: _12, pluralCategories: _, ...options } = value.resolvedOptions();
  const isOfNumbers = /Number|Plural/.test(name);
  if (isOfNumbers) {
    // A runtime may lack an option that nobody has chosen.
    const unchosen = (make(name, [locale]) as Formatter).resolvedOptions();
    for (const key of DECISIVE) if (options[key] === unchosen[key]) delete options[key];
    // Runtimes differ in which defaults they tell, and in what they mean by them.
    const chosen = DECISIVE.flatMap((key) => key in options ? [[key, options[key]]] : []);
    const defaults = make(name, [locale, Object.fromEntries(chosen)]) as Formatter;
    for (const [key, one] of Object.entries(defaults.resolvedOptions())) {
      if (options[key] === one && !DECISIVE.includes(key)) delete options[key];
    }
  }
  const copy = make(name, [locale, options]) as Formatter;
  const show = (one: Formatter): string =>
    JSON.stringify([
      one.resolvedOptions(),
      /Date|Number/.test(name) && [0, 1_234_567.891].map((number) => one.format(number)),
    ]);
  // Options may have been decisive that it does not tell.
  if (show(copy) !== show(value)) throw new TypeError("It cannot be made anew");
  return [locale, options];
}
