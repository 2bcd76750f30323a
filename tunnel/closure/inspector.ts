import type { V8Session } from "../modules/v8.ts";
import type { AnyFunction } from "./any_function.ts";

/** Where V8 says a function is written. */
export interface FunctionLocation {
  /** The script's URL, `""` for one without. */
  readonly url: string;
  /** V8's number for the script. */
  readonly scriptId: string;
  /** Zero-based line of the function, in the JavaScript that runs. */
  readonly line: number;
  /** Zero-based column, somewhere in the function's head. */
  readonly column: number;
}

/** The variables of one of the scopes around a function. */
export interface FunctionScope {
  /** What V8 calls the scope, such as `Module` or `Closure (makeCounter)`. */
  readonly description: string;
  /**
   * Copies of the variables at the time of the inspection. Reading one that has no value yet
   * throws. The last scope has the global object itself.
   */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** What V8 knows of a function. */
export interface FunctionInspection {
  /** `undefined` for a function that is not JavaScript. */
  readonly location: FunctionLocation | undefined;
  /** The scopes around it, from the inside out. */
  readonly scopes: readonly FunctionScope[];
  /** What a bound function binds. */
  readonly bound:
    | { readonly target: unknown; readonly self: unknown; readonly args: readonly unknown[] }
    | undefined;
  /** The private static fields of a class, by their names with the `#`. */
  readonly privates: ReadonlyMap<string, unknown>;
  /** Whether a collection has anything in it; V8 tells it of a weak one, too. */
  readonly hasEntries?: boolean;
}

/** A member of a `WeakSet`, or a key of a `WeakMap` and its value. */
export type WeakMember = readonly [member: unknown, value?: unknown];

/** A property as `Runtime.getProperties` describes it. */
interface Property {
  readonly name: string;
  readonly value?: {
    readonly objectId?: string;
    readonly description?: string;
    readonly value?: unknown;
    /** A number or a bigint that JSON does not have: `-0`, `NaN`, `12n`. */
    readonly unserializableValue?: string;
  };
}

/** Where V8 finds the functions, and where it hands values over. */
const SLOT = Symbol.for("chopsticks.slot");
const slots = globalThis as unknown as Record<symbol, unknown>;

/** Where functions are that see nothing but the variables of their module. */
const ofModules = new WeakMap<AnyFunction, FunctionLocation>();
/** The variables that such functions see, by the numbers of scripts; as long as no code runs. */
const moduleScopes = new WeakMap<V8Session, Map<string, readonly FunctionScope[]>>();

/**
 * Asks V8 about functions: where each is written, and what it can see. All of it is as it is when
 * this is called, since no other code runs before it returns. V8 takes longest to copy variables,
 * so of functions that are known to see only those of a module, one is asked about.
 *
 * @throws {TypeError} If this process may not use the inspector.
 */
export function inspectFunctions(
  fns: readonly AnyFunction[],
  session: V8Session,
): FunctionInspection[] {
  let scopes = moduleScopes.get(session);
  if (scopes === undefined) moduleScopes.set(session, scopes = new Map());
  const asked = new Set<string>(scopes.keys());
  const unknown = fns.filter((fn) => {
    const scriptId = ofModules.get(fn)?.scriptId;
    if (scriptId === undefined) return true;
    const isFirst = !asked.has(scriptId);
    asked.add(scriptId);
    return isFirst;
  });
  const found = new Map<AnyFunction, FunctionInspection>();
  inspectEach(unknown, session).forEach((one, i) => {
    const fn = unknown[i]!;
    found.set(fn, one);
    if (!seesOnlyModule(fn, one)) return;
    ofModules.set(fn, one.location!);
    scopes.set(one.location!.scriptId, one.scopes);
  });
  return fns.map((fn): FunctionInspection => {
    const location = ofModules.get(fn);
    return found.get(fn) ?? {
      location,
      scopes: scopes.get(location!.scriptId)!,
      bound: undefined,
      privates: NO_PRIVATES,
    };
  });
}

/** Asks V8 where a function is written, and nothing else. `undefined` if it is not JavaScript. */
export function locateFunction(
  fn: AnyFunction,
  session: V8Session,
): Pick<FunctionLocation, "scriptId" | "line" | "column"> | undefined {
  const { ids: [objectId] } = listFunctions(session, [fn]);
  const { internalProperties = [] } = session.post("Runtime.getProperties", {
    objectId,
    ownProperties: true,
  }) as { internalProperties?: Property[] };
  return positionOf(internalProperties.find(({ name }) => name === "[[FunctionLocation]]"));
}

/** Asks V8 for the members of a `WeakSet`, or the keys of a `WeakMap` with their values. */
export function weakMembers(object: object, session: V8Session): WeakMember[] {
  const { list, ids: [objectId] } = listFunctions(session, [object as AnyFunction]);
  const { internalProperties = [] } = session.post("Runtime.getProperties", {
    objectId,
    ownProperties: true,
  }) as { internalProperties?: Property[] };
  const id = internalProperties.find(({ name }) => name === "[[Entries]]")!.value!.objectId!;
  const entries = handOver(session, list, [id]).get(id);
  return Array.from(
    entries as ArrayLike<{ key?: unknown; value: unknown }>,
    (entry) => "key" in entry ? [entry.key, entry.value] : [entry.value],
  );
}

/** Whether a function has nothing that another function of its module would not have. */
function seesOnlyModule(fn: AnyFunction, { location, scopes, bound }: FunctionInspection): boolean {
  return location !== undefined && bound === undefined && scopes.length > 0 &&
    scopes.every(({ description }) => /^(Module|Global)\b/.test(description)) &&
    // It may have private fields.
    !Function.prototype.toString.call(fn).startsWith("class");
}

function inspectEach(fns: readonly AnyFunction[], session: V8Session): FunctionInspection[] {
  if (fns.length === 0) return [];
  const { list, ids } = listFunctions(session, fns);
  const questions = ids.map((objectId) => ({ objectId, ownProperties: true }));
  const answers = session.postAll("Runtime.getProperties", questions) as {
    internalProperties?: Property[];
    privateProperties?: Property[];
  }[];
  const wanted: string[] = [];
  const want = ({ value }: Property): void => {
    if (value?.objectId !== undefined) wanted.push(value.objectId);
  };
  for (const { internalProperties = [], privateProperties = [] } of answers) {
    for (const one of internalProperties) if (INTERNAL.has(one.name)) want(one);
    privateProperties.forEach(want);
  }
  const objects = handOver(session, list, wanted);
  const valueOf = ({ value }: Property): unknown => {
    const { objectId, unserializableValue: text } = value ?? {};
    if (objectId !== undefined) return objects.get(objectId);
    if (text === undefined) return value?.value;
    return text.endsWith("n") ? BigInt(text.slice(0, -1)) : Number(text);
  };
  return answers.map(({ internalProperties = [], privateProperties }) => {
    const internal = (wanted: string): Property | undefined =>
      internalProperties.find(({ name }) => name === wanted);
    const internalValue = (name: string): unknown => {
      const property = internal(name);
      return property && valueOf(property);
    };
    return {
      location: locationOf(internal("[[FunctionLocation]]"), session),
      scopes: scopesOf(internalValue("[[Scopes]]")),
      bound: internal("[[TargetFunction]]") !== undefined
        ? {
          target: internalValue("[[TargetFunction]]"),
          self: internalValue("[[BoundThis]]"),
          args: Array.from(internalValue("[[BoundArgs]]") as ArrayLike<unknown>),
        }
        : undefined,
      privates: privateProperties === undefined
        ? NO_PRIVATES
        : new Map(privateProperties.map((property) => [property.name, valueOf(property)])),
      hasEntries: !/\(0\)$/.test(internal("[[Entries]]")?.value?.description ?? "(0)"),
    };
  });
}

/** What a function has that is not a class. */
const NO_PRIVATES: ReadonlyMap<string, unknown> = new Map();

/** The internal properties of functions whose values are handed over. */
const INTERNAL: ReadonlySet<string> = new Set([
  "[[Scopes]]",
  "[[TargetFunction]]",
  "[[BoundThis]]",
  "[[BoundArgs]]",
]);

/** The inspector's ids of each of `fns`, and of something that has all of them. */
function listFunctions(
  session: V8Session,
  fns: readonly AnyFunction[],
): { list: string; ids: string[] } {
  // V8 takes a quarter of the time of a call to look into a list.
  slots[SLOT] = fns.length === 1 ? fns[0] : fns;
  try {
    const { result } = session.post("Runtime.evaluate", {
      expression: `globalThis[Symbol.for("${SLOT.description}")]`,
    });
    const { objectId: list } = result as { objectId: string };
    if (fns.length === 1) return { list, ids: [list] };
    const { result: elements } = session.post("Runtime.getProperties", {
      objectId: list,
      ownProperties: true,
    }) as { result: Property[] };
    const byName = new Map(elements.map(({ name, value }) => [name, value?.objectId]));
    return { list, ids: fns.map((_, i) => byName.get(`${i}`)!) };
  } finally {
    delete slots[SLOT];
  }
}

/** The objects that the inspector has given ids. */
function handOver(
  session: V8Session,
  objectId: string,
  ids: readonly string[],
): Map<string, unknown> {
  if (ids.length === 0) return new Map();
  let values: unknown[] = [];
  slots[SLOT] = (given: unknown[]): void => void (values = given);
  try {
    session.post("Runtime.callFunctionOn", {
      objectId,
      functionDeclaration:
        `function(...given) { globalThis[Symbol.for("${SLOT.description}")](given); }`,
      arguments: ids.map((id) => ({ objectId: id })),
    });
  } finally {
    delete slots[SLOT];
  }
  return new Map(ids.map((id, i) => [id, values[i]]));
}

/** V8's own list of scopes has no prototype. */
function scopesOf(list: unknown): FunctionScope[] {
  if (list === undefined) return [];
  return Array.from(
    list as ArrayLike<{ readonly description: unknown; readonly object: unknown }>,
    ({ description, object }) => ({
      description: String(description),
      variables: object as Record<string, unknown>,
    }),
  );
}

function locationOf(
  property: Property | undefined,
  session: V8Session,
): FunctionLocation | undefined {
  const position = positionOf(property);
  return position && { url: session.urlOf(position.scriptId), ...position };
}

function positionOf(
  property: Property | undefined,
): Pick<FunctionLocation, "scriptId" | "line" | "column"> | undefined {
  if (property === undefined) return undefined;
  const { scriptId, lineNumber: line, columnNumber: column } = property.value!.value as {
    scriptId: string;
    lineNumber: number;
    columnNumber: number;
  };
  return { scriptId, line, column };
}

/** Whether a name means `value` in the scopes around a function. */
export function isValueOf(name: string, value: unknown, scopes: readonly FunctionScope[]): boolean {
  const scope = scopes.find(({ variables }) => Object.hasOwn(variables, name));
  try {
    return scope !== undefined && scope.variables[name] === value;
  } catch {
    return false; // it has no value yet
  }
}
