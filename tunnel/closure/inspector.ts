import type { Session } from "node:inspector";
import { IN_WORKER } from "../modules/entry_module.ts";
import { canInspect, messagesAllowed, openInspector, post, scriptUrl } from "../modules/v8.ts";
import type { AnyFunction } from "./any_function.ts";

/** Where V8 says a function is written. */
export interface FunctionLocation {
  /** The script's URL, `""` if it has none. */
  readonly url: string;
  /** Zero-based line of the function, in the JavaScript that runs. */
  readonly line: number;
  /** Zero-based column, somewhere in the function's head. */
  readonly column: number;
}

/** The variables of one of the scopes around a function. */
export interface FunctionScope {
  /** V8's name for the scope, such as `Module` or `Closure (makeCounter)`. */
  readonly description: string;
  /** The variables, as they were at the inspection; the global object for the last scope. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** V8's answers about a function. */
export interface FunctionInspection {
  /** `undefined` for a function that is not JavaScript. */
  readonly location: FunctionLocation | undefined;
  /** From the inside out. */
  readonly scopes: readonly FunctionScope[];
  /** The values in a bound function. */
  readonly bound: Bound | undefined;
}

/** The values in a bound function. */
export interface Bound {
  readonly target: AnyFunction;
  readonly self: unknown;
  readonly args: readonly unknown[];
}

/** A property as `Runtime.getProperties` describes it. */
interface InternalProperty {
  readonly name: string;
  readonly value?: { readonly objectId?: string; readonly value?: unknown };
}

/** The values that V8 has handed over of a function. */
interface Received {
  scopes?: readonly FunctionScope[];
  target?: unknown;
  self?: unknown;
  args?: readonly unknown[];
}

type Part = keyof Received;

/** The internal properties of functions that matter here. */
const INTERNAL: Readonly<Record<string, Part>> = {
  "[[Scopes]]": "scopes",
  "[[TargetFunction]]": "target",
  "[[BoundThis]]": "self",
  "[[BoundArgs]]": "args",
};

/** Where code that V8 evaluates finds the function to inspect. */
const SUBJECT = Symbol.for("chopsticks.subject");
/** Where code that V8 evaluates finds the function that takes values. */
const RECEIVE = Symbol.for("chopsticks.receive");
const slots = globalThis as unknown as Record<symbol, unknown>;

/** The ids that V8 gives to the objects of a session, up to the number at their end. */
let idPrefix: string | undefined;

/**
 * Asks V8 where a function is written, and what it can see.
 *
 * The variables are those at the time of the call, although the answers of the inspector come
 * later: the inspector does at once what it is asked, and the ids that it gives to objects are
 * predicted.
 *
 * @throws {TypeError} If this process may not use the inspector.
 */
export async function inspectFunction(fn: AnyFunction): Promise<FunctionInspection> {
  const allowed = messagesAllowed();
  // An `await` that is not needed would let the variables change.
  if (allowed !== undefined) await allowed;
  const session = openInspector("Cannot find out what to send of a function");
  try {
    const received: Received = {};
    slots[RECEIVE] = (part: Part | "unknown", value: unknown): void =>
      receive(received, part, value);
    slots[SUBJECT] = fn;
    const subject = post(session, "Runtime.evaluate", {
      expression: `globalThis[Symbol.for("${SUBJECT.description}")]`,
    });
    if (idPrefix !== undefined) askEarly(session, idPrefix, fn);
    delete slots[SUBJECT];
    const { objectId } = (await subject).result as { objectId: string };
    idPrefix = prefixOf(objectId);
    const { internalProperties } = await post(session, "Runtime.getProperties", {
      objectId,
      ownProperties: true,
    }) as { internalProperties: InternalProperty[] };
    for (const { name, value } of internalProperties) {
      const part = INTERNAL[name];
      if (part === undefined || part in received) continue;
      if (value?.objectId === undefined) receive(received, part, value?.value);
      else await handOver(session, value.objectId, part);
    }
    const { scopes = [], target, self, args = [] } = received;
    return {
      location: await locationOf(session, internalProperties),
      scopes,
      bound: target === undefined ? undefined : { target: target as AnyFunction, self, args },
    };
  } finally {
    delete slots[RECEIVE];
    session.disconnect();
  }
}

function receive(received: Received, part: Part | "unknown", value: unknown): void {
  if (part === "unknown" ? isScopeList(value) : part === "scopes") {
    // Each scope's object is a copy of its variables that V8 makes for the inspector.
    received.scopes ??= Array.from(value as ArrayLike<Record<string, unknown>>, (scope) => ({
      description: String(scope.description),
      variables: scope.object as Record<string, unknown>,
    }));
  } else if (part === "args") {
    received.args = Array.from(value as ArrayLike<unknown>);
  } else if (part === "target" || part === "self") {
    received[part] = value;
  }
}

/** V8's own list of a function's scopes differs from all values of a program. */
function isScopeList(value: unknown): value is ArrayLike<Record<string, unknown>> {
  const list = value as ArrayLike<Record<string, unknown>> | undefined;
  if (!Array.isArray(list) || Object.getPrototypeOf(list) !== null || list.length === 0) {
    return false;
  }
  return list[list.length - 1]?.object === globalThis;
}

/**
 * Has the scopes handed over before any answer is here: V8 numbers the objects of a session from 1
 * on, first the function, then its properties, then its scopes.
 */
function askEarly(session: Session, idPrefix: string, fn: AnyFunction): void {
  const ignore = (): void => {};
  post(session, "Runtime.getProperties", { objectId: `${idPrefix}1`, ownProperties: true })
    .catch(ignore);
  const last = 6 + 2 * Object.values(Object.getOwnPropertyDescriptors(fn)).length;
  for (let number = 2; number <= last; number++) {
    handOver(session, `${idPrefix}${number}`, "unknown").catch(ignore);
  }
}

/** Has V8 call the function that takes values with one of its objects. */
function handOver(session: Session, objectId: string, part: Part | "unknown"): Promise<unknown> {
  return post(session, "Runtime.callFunctionOn", {
    objectId,
    functionDeclaration:
      `function(part) { globalThis[Symbol.for("${RECEIVE.description}")]?.(part, this); }`,
    arguments: [{ value: part }],
  });
}

async function locationOf(
  session: Session,
  internalProperties: readonly InternalProperty[],
): Promise<FunctionLocation | undefined> {
  const found = internalProperties.find(({ name }) => name === "[[FunctionLocation]]");
  const location = found?.value?.value as
    | { scriptId: string; lineNumber: number; columnNumber: number }
    | undefined;
  if (location === undefined) return undefined;
  const { scriptId, lineNumber: line, columnNumber: column } = location;
  return { url: await scriptUrl(session, scriptId), line, column };
}

function prefixOf(objectId: string): string {
  return objectId.replace(/\d+$/, "");
}

/** Learns the ids of objects, so that the first call already has its variables as they are then. */
async function learnPrefix(): Promise<void> {
  if (!canInspect()) return;
  const session = openInspector("Cannot prepare to inspect functions");
  try {
    const { result } = await post(session, "Runtime.evaluate", { expression: "({})" });
    idPrefix = prefixOf((result as { objectId: string }).objectId);
  } finally {
    session.disconnect();
  }
}

const learning = learnPrefix();
if (!IN_WORKER) await learning;
