import { HandleKind } from "../../agent/protocol/handle.ts";
import type { Method } from "../source/class_members.ts";
import type { FunctionCode } from "../source/function_code.ts";
import type { AnyFunction } from "./any_function.ts";
import { isNative } from "./function_place.ts";
import { codeTextOf } from "./function_text.ts";
import type { FunctionInspection, FunctionLocation, FunctionScope } from "./inspector.ts";
import { ownProperties, type OwnProperty } from "./own_properties.ts";
import type { Way } from "./refusal.ts";
import type { SentValues } from "./sent_values.ts";

/** A method or accessor that is written in a class: it comes with the code of the class. */
export interface ClassMember {
  readonly fn: AnyFunction;
  readonly key: string | symbol;
  readonly method: Method;
}

/** What tells where a class is. */
interface Place {
  /** Where V8 says that it is. */
  readonly location: FunctionLocation;
  /** The column of its first character; `undefined` if that is not known. */
  readonly column: number | undefined;
  readonly inspect: (fn: AnyFunction) => FunctionInspection;
}

/** Tells which functions are members of a class, by where they are written. */
export class MemberFinder {
  /** Those of which it was told. */
  readonly found: ClassMember[] = [];
  readonly #made: AnyFunction;
  readonly #code: FunctionCode;
  readonly #place: Place;
  /** All of its members by line and column. */
  #methods: ReadonlyMap<string, Method> | undefined;

  constructor(made: AnyFunction, code: FunctionCode, place: Place) {
    this.#made = made;
    this.#code = code;
    this.#place = place;
  }

  /** Whether a part of a property of the class, or of its `prototype`, comes with the class. */
  has(fn: AnyFunction, isStatic: boolean, key: string | symbol, part: Method["part"]): boolean {
    if (this.#code.methods.size === 0 || fn === this.#made || isNative(fn)) return false;
    const { location, column, inspect } = this.#place;
    const { location: at, scopes } = inspect(fn);
    if (at?.scriptId !== location.scriptId) return false;
    this.#methods ??= byPlace(codeTextOf(this.#made), this.#code, location, column);
    const method = this.#methods.get(`${at.line}:${at.column}`);
    if (method?.isStatic !== isStatic || method.part !== part) return false;
    // The same code may have made several classes.
    if (!areAlike(scopes, inspect(this.#made).scopes)) return false;
    // A member may have got another one's place.
    const isKey = method.key === undefined
      ? Object.getOwnPropertyDescriptor(fn, "name")?.value === nameOf(key, part)
      : method.key === key;
    if (isKey) this.found.push({ fn, key, method });
    return isKey;
  }
}

/** Whether the scopes around two functions have the same in them, as far as both have them. */
function areAlike(a: readonly FunctionScope[], b: readonly FunctionScope[]): boolean {
  const count = Math.min(a.length, b.length);
  const others = b.slice(-count);
  return a.slice(-count).every(({ description, variables }, i) => {
    if (/^(Module|Script|Global)/.test(description)) return true;
    const other = others[i]!.variables;
    return Object.keys(variables).every((name) =>
      !Object.hasOwn(other, name) || Object.is(valueOf(variables, name), valueOf(other, name))
    );
  });
}

function valueOf(variables: FunctionScope["variables"], name: string): unknown {
  try {
    return variables[name];
  } catch {
    return undefined; // it has no value yet
  }
}

function byPlace(
  text: string,
  { start, methods }: FunctionCode,
  { line, column }: FunctionLocation,
  firstColumn: number | undefined,
): Map<string, Method> {
  const [startLine, startColumn] = placeIn(text, start);
  const first = startLine === 0 ? column - startColumn : firstColumn;
  return new Map([...methods].map(([at, method]) => {
    const [lines, columns] = placeIn(text, at);
    const shift = lines === 0 ? first ?? NaN : 0;
    return [`${line - startLine + lines}:${columns + shift}`, method];
  }));
}

/** The line and the column of a place, as V8 counts. */
function placeIn(text: string, at: number): [line: number, column: number] {
  const lines = text.slice(0, at).split(/\r\n|[\n\r\u2028\u2029]/);
  return [lines.length - 1, lines.at(-1)!.length];
}

/** The name of a method or accessor with this key. */
function nameOf(key: string | symbol, part: Method["part"]): string {
  const { description } = Object(key) as symbol;
  const name = typeof key === "string" ? key : description === undefined ? "" : `[${description}]`;
  return part === "value" ? name : `${part} ${name}`;
}

/** What {@linkcode SentMembers} needs of the draft around it. */
export interface SentMembersOptions {
  readonly sent: SentValues;
  /** How each function was found. */
  readonly ways: Map<AnyFunction, Way>;
  readonly find: (found: Way & { readonly value: unknown }) => void;
  readonly addProperty: (owner: AnyFunction, property: OwnProperty) => void;
}

/** The members of the classes that go by value. */
export class SentMembers {
  readonly #options: SentMembersOptions;
  readonly #members = new Map<unknown, readonly [made: AnyFunction, ClassMember]>();

  constructor(options: SentMembersOptions) {
    this.#options = options;
  }

  has(value: unknown): boolean {
    return this.#members.has(value);
  }

  /** Has members go with their class, with what they have beside its code. */
  add(made: AnyFunction, members: readonly ClassMember[]): void {
    const { sent, ways, addProperty } = this.#options;
    for (const member of members) this.#members.set(member.fn, [made, member]);
    for (const member of members) {
      const { fn } = member;
      const properties = memberProperties(member);
      if (properties.length === 0 && sent.handleOf(fn) === undefined) continue;
      if (!ways.has(fn)) ways.set(fn, { user: made, name: "member", steps: "" });
      this.describe(fn);
      for (const property of properties) addProperty(fn, property);
    }
  }

  /** Has a member be that of its class, though it may have been described without it. */
  describe(fn: AnyFunction): void {
    const { sent, find } = this.#options;
    const [made, { key, method: { isStatic, part } }] = this.#members.get(fn)!;
    const use = (value: unknown) => find({ value, user: made, name: "member", steps: "" });
    use(key);
    if (part === "value") {
      const steps = isStatic ? [key] : ["prototype", key];
      return sent.setHandle(fn, [HandleKind.MEMBER, made, ...steps]);
    }
    const owner: unknown = isStatic ? made : made.prototype;
    const parts = [Object.getOwnPropertyDescriptor, owner, key];
    for (const part of parts) use(part);
    // It stands for the property.
    const property = { made };
    sent.setHandle(property, [HandleKind.RESULT, ...parts]);
    sent.setHandle(fn, [HandleKind.MEMBER, property, part]);
  }
}

/** What a member has that the code of its class does not give it. */
function memberProperties({ fn, key, method }: ClassMember): OwnProperty[] {
  const { part, length, isAsync, isGenerator } = method;
  return ownProperties(fn, {
    form: "method",
    ownName: nameOf(key, part),
    ...{ length, isAsync, isGenerator },
    ...{ members: new Set(), parent: undefined },
  }, () => false);
}
