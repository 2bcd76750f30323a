import { Session } from "node:inspector";
import { setTimeout } from "node:timers";
import { entryModule, IN_WORKER } from "../modules/entry_module.ts";

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

/** Variables that a function can see, of one of the scopes around it. */
export interface FunctionScope {
  /** What V8 calls the scope, such as `Module` or `Closure (makeCounter)`. */
  readonly description: string;
  /** The variables and their values at the time of the inspection; the global object for the last scope. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** What V8 knows of a function. */
export interface FunctionInspection {
  /** `undefined` for a function that is not JavaScript. */
  readonly location: FunctionLocation | undefined;
  /** From the inside out. */
  readonly scopes: readonly FunctionScope[];
  /** What a bound function binds. */
  readonly bound:
    | { readonly target: unknown; readonly self: unknown; readonly args: unknown[] }
    | undefined;
}

/** A property as `Runtime.getProperties` describes it. */
interface InternalProperty {
  readonly name: string;
  readonly value?: { readonly objectId?: string; readonly value?: unknown };
}

/** How V8 numbers the objects of a session, up to the last part. */
let prefix: string | undefined;
/** Scripts by V8's number; they never change. */
const scripts = new Map<string, string>();
/** Where V8 finds the function in question, and the function that it hands over to. */
const SUBJECT = Symbol.for("chopsticks.subject");
const SLOT = Symbol.for("chopsticks.slot");
const slots = globalThis as unknown as Record<symbol, unknown>;

/**
 * A REPL and a notebook run code inside a message to the inspector, and no other message may be
 * sent meanwhile: Deno would panic.
 */
const insideInspector = /\$deno\$(repl|jupyter)/.test(entryModule() ?? "");

/** Resolves when messages may be sent to the inspector, if that is not right now. */
function messagesAllowed(): Promise<void> | undefined {
  return insideInspector ? new Promise((resolve) => setTimeout(resolve, 0)) : undefined;
}

/**
 * Asks V8 about a function: where it is written, and what it can see.
 *
 * The variables are those at the time of the call, although the answers of the inspector come
 * later: it does what it is asked at once, and the numbers that it gives to objects are foreseen.
 *
 * Rejects with a `TypeError` if this process may not use the inspector.
 */
export async function inspectFunction(fn: unknown): Promise<FunctionInspection> {
  const allowed = messagesAllowed();
  // Not awaited in vain: the variables are those of right now.
  if (allowed !== undefined) await allowed;
  const session = open("Cannot find out what to send of a function");
  try {
    const seen: Seen = {};
    slots[SLOT] = (what: keyof Seen | "unknown", value: unknown): void => see(seen, what, value);
    // The function itself, and what hands values over, are found by it.
    slots[SUBJECT] = fn;
    const subject = post(session, "Runtime.evaluate", {
      expression: `globalThis[Symbol.for("${SUBJECT.description}")]`,
    });
    if (prefix !== undefined) askEarly(session, fn);
    delete slots[SUBJECT];
    const { objectId } = (await subject).result as { objectId: string };
    prefix = objectId.replace(/\d+$/, "");
    const { internalProperties } = await post(session, "Runtime.getProperties", {
      objectId,
      ownProperties: true,
    }) as { internalProperties: InternalProperty[] };
    for (const { name, value } of internalProperties) {
      const what = INTERNAL[name];
      if (what === undefined || what in seen) continue;
      if (value?.objectId === undefined) seen[what] = value?.value;
      else await handOver(session, value.objectId, what);
    }
    const { scopes = [], target, self, args } = seen;
    return {
      location: await locationOf(session, internalProperties),
      scopes: scopes as FunctionScope[],
      bound: target === undefined ? undefined : { target, self, args: args as unknown[] },
    };
  } finally {
    delete slots[SLOT];
    session.disconnect();
  }
}

/** The internal properties of functions that matter here. */
const INTERNAL: Readonly<Record<string, keyof Seen>> = {
  "[[Scopes]]": "scopes",
  "[[TargetFunction]]": "target",
  "[[BoundThis]]": "self",
  "[[BoundArgs]]": "args",
};

/** What V8 has handed over of a function. */
interface Seen {
  scopes?: unknown;
  target?: unknown;
  self?: unknown;
  args?: unknown;
}

function see(seen: Seen, what: keyof Seen | "unknown", value: unknown): void {
  if (what === "unknown" ? isScopeList(value) : what === "scopes") {
    // Copies of the bindings, made by V8 for whoever looks.
    seen.scopes ??= Array.from(value as ArrayLike<Record<string, unknown>>, (scope) => ({
      description: String(scope.description),
      variables: scope.object,
    }));
  } else if (what !== "unknown") {
    seen[what] = what === "args" ? Array.from(value as ArrayLike<unknown>) : value;
  }
}

/** V8's own list of a function's scopes is like no value of a program. */
function isScopeList(value: unknown): value is ArrayLike<Record<string, unknown>> {
  const list = value as ArrayLike<Record<string, unknown>> | undefined;
  if (!Array.isArray(list) || Object.getPrototypeOf(list) !== null || list.length === 0) {
    return false;
  }
  return list[list.length - 1]?.object === globalThis;
}

/**
 * Has the scopes handed over before any answer is here: V8 numbers the objects of a session from 1
 * on, and gives numbers to the function, to its properties and to its scopes, in this order.
 */
function askEarly(session: Session, fn: unknown): void {
  const ignore = (): void => {};
  post(session, "Runtime.getProperties", { objectId: `${prefix}1`, ownProperties: true }).catch(
    ignore,
  );
  const properties = Object.values(Object.getOwnPropertyDescriptors(fn as object));
  const last = 6 + 2 * properties.length;
  for (let number = 2; number <= last; number++) {
    handOver(session, `${prefix}${number}`, "unknown").catch(ignore);
  }
}

function handOver(session: Session, objectId: string, what: string): Promise<unknown> {
  return post(session, "Runtime.callFunctionOn", {
    objectId,
    functionDeclaration:
      `function(what) { globalThis[Symbol.for("${SLOT.description}")]?.(what, this); }`,
    arguments: [{ value: what }],
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
  if (!scripts.has(scriptId)) await readScripts(session);
  return { url: scripts.get(scriptId) ?? "", scriptId, line, column };
}

/** The JavaScript that V8 runs of a script, by its URL; `undefined` if none is loaded from there. */
export async function scriptSource(url: string): Promise<string | undefined> {
  await messagesAllowed();
  const session = open("Cannot read its code");
  try {
    await readScripts(session, false);
    const id = [...scripts].findLast(([, known]) => known === url)?.[0];
    if (id === undefined) return undefined;
    const { scriptSource } = await post(session, "Debugger.getScriptSource", { scriptId: id });
    return scriptSource as string;
  } finally {
    session.disconnect();
  }
}

/** The URLs of the scripts that V8 had loaded when it was last asked for one. */
export function loadedScripts(): string[] {
  return [...new Set(scripts.values())];
}

async function readScripts(session: Session, disable = true): Promise<void> {
  const onScript = ({ params }: { params: { scriptId: string; url: string } }): void =>
    void scripts.set(params.scriptId, params.url);
  session.on("Debugger.scriptParsed", onScript);
  await post(session, "Debugger.enable");
  if (disable) await post(session, "Debugger.disable");
  session.off("Debugger.scriptParsed", onScript);
}

function open(purpose: string): Session {
  const session = new Session();
  try {
    session.connect();
  } catch (cause) {
    // Deno has no flag for the inspector alone.
    throw new TypeError(
      `${purpose}: this process may not use V8's inspector, run it with --allow-sys`,
      { cause },
    );
  }
  return session;
}

function post(
  session: Session,
  method: string,
  params: object = {},
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    session.post(method, params, (error: unknown, result: unknown) => {
      if (error) reject(error);
      else resolve(result as Record<string, unknown>);
    });
  });
}

/** Learns how V8 numbers objects, so that the first call already has its variables as they are then. */
async function learnPrefix(): Promise<void> {
  if (insideInspector || !mayInspect()) return;
  const session = open("Cannot prepare");
  try {
    const { result } = await post(session, "Runtime.evaluate", { expression: "({})" });
    prefix = (result as { objectId: string }).objectId.replace(/\d+$/, "");
  } finally {
    session.disconnect();
  }
}

function mayInspect(): boolean {
  if (typeof Deno === "undefined") return true;
  const name = { name: "sys", kind: "inspector" } as unknown as Deno.PermissionDescriptor;
  return Deno.permissions.querySync(name).state === "granted";
}

const learning = learnPrefix();
if (!IN_WORKER) await learning;
