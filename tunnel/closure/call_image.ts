import { types } from "node:util";
import type { Code, FunctionUnit } from "../../agent/protocol/handle.ts";
import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { encode } from "../../codec/encode.ts";
import { importsEntryText, isInteractive, REMEDY_FOR_ENTRY } from "../modules/entry_module.ts";
import { isSent, moduleGraph } from "../modules/module_graph.ts";
import { modulesHere } from "../modules/modules_here.ts";
import { resolveImports, resolveUrls } from "../modules/resolve_imports.ts";
import { inspectorAllowed, withV8 } from "../modules/v8.ts";
import { withoutSourceMap } from "../source/imports.ts";
import { MappedLines } from "../source/mapped_lines.ts";
import { computedTypes } from "../source/named_imports.ts";
import type { AnyFunction } from "./any_function.ts";
import { CallDraft, type DraftedCall } from "./call_draft.ts";
import type { Unit } from "./unit.ts";
import { findFixed, noteFixed } from "./fixed_code.ts";
import { UnknownExports } from "./function_place.ts";
import { idOfNamespace } from "./namespace.ts";
import { locateFunction } from "./inspector.ts";
import { HiddenSymbols, type SymbolHints } from "./module_symbols.ts";
import { learnScopes } from "./scope_identity.ts";

/** A call, ready to be sent. */
export interface CallImage {
  /** Where the function is, if it is not sent by value. */
  readonly place: FunctionPlace | undefined;
  /** Code that goes with the values, if any. */
  readonly code: Code | undefined;
  /**
   * The encoded arguments, or with code `[function, arguments, captured, ...properties]`;
   * `undefined` for no arguments.
   */
  readonly body: Uint8Array | undefined;
  /** Large arrays of bytes, which go ahead of the body. */
  readonly parts: readonly Uint8Array[];
  /** Ids of the modules that are needed. */
  readonly modules: readonly string[];
  /** Streams, signals and callbacks among the values, to which handles refer by their index. */
  readonly attachments: readonly unknown[];
  /** Whether the function is a generator, which gives a stream. */
  readonly isGenerator: boolean;
}

/** What is known of a call before its code. */
type Drafted = DraftedCall & Pick<CallImage, "isGenerator">;

/** The places of functions that were sent before. They cannot change. */
const places = new WeakMap<AnyFunction, FunctionPlace>();

/** How an error begins that says that the inspector is not to be had. */
const PURPOSE = "Cannot find out what to send of a function";

/**
 * Finds out what to send for a call of `fn`. The function, all that it uses and the arguments are
 * taken as they are when this is called.
 *
 * @throws {TypeError} If something cannot be sent; the text names it. It rejects with that if it is
 * only found out later.
 */
export function callImage(
  fn: AnyFunction,
  args: readonly unknown[],
): CallImage | Promise<CallImage> {
  const known = places.get(fn);
  const isSmall = args.every(isPrimitive);
  if (known === undefined) return isSmall && fixedImage(fn, args) || drafted(fn, args);
  if (!isSmall) return drafted(fn, args, known);
  return primitiveImage(known, args, types.isGeneratorFunction(fn));
}

/** A call of something whose place is known, with arguments. */
export function placeImage(
  place: FunctionPlace,
  args: readonly unknown[],
): CallImage | Promise<CallImage> {
  return args.every(isPrimitive) ? primitiveImage(place, args) : drafted(undefined, args, place);
}

/** Whether the codec copies a value by itself, and nothing can be in it. */
function isPrimitive(value: unknown): boolean {
  const type = typeof value;
  return value === null || type !== "object" && type !== "function" && type !== "symbol";
}

/** A call with arguments in which there is nothing to find: most small calls are like that. */
function primitiveImage(
  place: FunctionPlace,
  args: readonly unknown[],
  isGenerator = false,
): CallImage {
  const modules = place.module && isSent(place.module) ? [place.module] : [];
  const body = args.length === 0 ? undefined : encode(args);
  return { place, code: undefined, body, parts: [], modules, attachments: [], isGenerator };
}

/**
 * Another call of a function of which V8 need not tell much again. Like its first one, it can be
 * aborted as long as the code that made it has not ended.
 */
function fixedImage(fn: AnyFunction, args: readonly unknown[]): Promise<CallImage> | undefined {
  const found = findFixed(fn, args, locate);
  if (found === undefined) return undefined;
  const isGenerator = types.isGeneratorFunction(fn);
  return Promise.resolve({
    ...{ place: undefined, parts: [], modules: [], attachments: [], isGenerator },
    ...found,
  });
}

function locate(fn: AnyFunction): ReturnType<typeof locateFunction> {
  return withV8(PURPOSE, (session) => locateFunction(fn, session()));
}

function drafted(
  fn: AnyFunction | undefined,
  args: readonly unknown[],
  given?: FunctionPlace,
): CallImage | Promise<CallImage> {
  const allowed = inspectorAllowed();
  if (allowed !== undefined) return allowed.then(() => draft(fn, args, given));
  return draft(fn, args, given);
}

function draft(
  fn: AnyFunction | undefined,
  args: readonly unknown[],
  given?: FunctionPlace,
  hints: SymbolHints = { deep: new Set(), byValue: new Set() },
): CallImage | Promise<CallImage> {
  try {
    return withV8(PURPOSE, (session) => {
      const draft = new CallDraft(session, args, fn, hints);
      const call = { ...draft.draft(given), isGenerator: types.isGeneratorFunction(fn) };
      if (given === undefined && fn !== undefined && call.place !== undefined) {
        places.set(fn, call.place);
      }
      if (draft.sent.isEmpty) return plainImage(draft, call);
      const image = withCode(draft, call);
      const note = call.place === undefined && fn !== undefined ? noteFixed(fn, draft) : undefined;
      if (note === undefined) return image;
      return image.then((made) => {
        note(made.code!, made.modules);
        return made;
      });
    });
  } catch (error) {
    if (error instanceof HiddenSymbols) return draft(fn, args, given, error.hints);
    if (!(error instanceof UnknownExports)) throw error;
    return error.learn().then(() => draft(fn, args, given, hints));
  }
}

/** A call without code. */
function plainImage(
  { sent: { attachments } }: CallDraft,
  { place, body, parts, isGenerator }: Drafted,
): CallImage {
  const modules = place?.module && isSent(place.module) ? [place.module] : [];
  return { place, code: undefined, body, parts: parts.copy(), modules, attachments, isGenerator };
}

/** Finds what else is needed: what imports mean, and which functions share their scopes. */
async function withCode(calls: CallDraft, drafted: Drafted): Promise<CallImage> {
  const { place, body, isGenerator } = drafted;
  const parts = drafted.parts.copy();
  await tellScopes(calls);
  const loads = [...calls.sent.loads];
  const namespaces: string[] = [];
  for (const namespace of calls.sent.namespaces) namespaces.push(await idOfNamespace(namespace));
  const modules = new Set([...loads, ...namespaces].filter(isSent));
  const units: FunctionUnit[] = [];
  for (const unit of calls.units) {
    const made = await unitOf(unit, calls);
    for (const id of Object.values(made.imports)) if (isSent(id)) modules.add(id);
    for (const id of modulesHere.workers(made.source, made.url)) modules.add(id);
    const requiring = modulesHere.requiring(made.source, made.url, !made.isSloppy);
    if (requiring !== undefined) modules.add(requiring);
    units.push(made);
  }
  if (place?.module && isSent(place.module)) modules.add(place.module);
  await refusePatches(calls, modules);
  const { attachments } = calls.sent;
  const code = { loads, ...namespaces.length > 0 && { namespaces }, units };
  return { place, code, body, parts, modules: [...modules], attachments, isGenerator };
}

/**
 * Learns which functions share a scope, where that matters and is not known.
 *
 * @throws {TypeError} If it cannot be told.
 */
async function tellScopes(calls: CallDraft): Promise<void> {
  const doubts = calls.units.flatMap(({ draft }) => [...draft.doubts()]);
  if (doubts.every(({ isSettled }) => isSettled())) return;
  await learnScopes(doubts.flatMap(({ fns }) => fns));
  for (const { assigner, variable, isSettled } of doubts) {
    if (isSettled()) continue;
    throw calls.refusals.ofFunction(
      assigner,
      `V8 does not tell which of several functions share variable ${variable}, which one of them changes`,
      { variable, remedy: "keep it in an object" },
    );
  }
}

/**
 * Refuses functions that use what the script has added to built-ins, unless the module that adds it
 * is loaded at the far end as well.
 */
async function refusePatches(calls: CallDraft, modules: ReadonlySet<string>): Promise<void> {
  for (const { fn, patch, url } of calls.patched) {
    const isLoaded = async (id: string): Promise<boolean> =>
      url !== undefined &&
      (await moduleGraph(id).catch((): undefined => undefined))?.has(url) === true;
    if ((await Promise.all(Array.from(modules, isLoaded))).includes(true)) continue;
    const { key, owner } = patch;
    throw calls.refusals.ofFunction(
      fn,
      `it uses .${key}, which this script has added to ${owner}, and the far end does not have`,
      { remedy: "add it in the function, or in a module that the function imports" },
    );
  }
}

async function unitOf(
  { url, draft, imports, codes }: Unit,
  calls: CallDraft,
): Promise<FunctionUnit> {
  const imported = codes.flatMap(({ code }) => code.imports);
  const resolved = await resolveImports(modulesHere, imported, url);
  for (const { imported, user } of imports.values()) {
    const { specifier, type } = imported;
    const one = { specifier, type, isDynamic: false };
    const own = await resolveImports(modulesHere, [one], url);
    const entry = Object.values(own).find((id) => modulesHere.isEntry(id));
    if (entry !== undefined) {
      throw calls.refusals.ofFunction(user, importsEntryText(entry), { remedy: REMEDY_FOR_ENTRY });
    }
    Object.assign(resolved, own);
  }
  const asked = codes.flatMap(({ code }) => [...code.uses.resolved]);
  const resolves = await resolveUrls(modulesHere, asked, url);
  const { source } = draft;
  const script = computedTypes(source).size > 0 ? await modulesHere.code(url) ?? "" : "";
  const computed = await modulesHere.computed(source, url, script);
  for (const [key, id] of Object.entries(computed)) {
    // One that cannot be loaded need never be reached.
    if (isSent(id) && await moduleGraph(id).catch((): undefined => undefined)) resolved[key] ??= id;
  }
  const mappings = await mappingsOf(url);
  return {
    url: url || "repl",
    source,
    imports: resolved,
    ...resolves,
    ...mappings !== undefined && { mappings: mappings.of(draft.lines) },
    ...draft.isSloppy && { isSloppy: true },
  };
}

/** The mappings of scripts: their code does not change. */
const mappings = new Map<string, MappedLines | undefined>();

/** The `mappings` of the source map of a script, if it has one. */
async function mappingsOf(url: string): Promise<MappedLines | undefined> {
  if (url === "" || isInteractive(url)) return undefined;
  const units = modulesHere.units(url);
  if (units.length > 0) {
    // More may come, each with the lines of its own functions.
    const known = units.flatMap(({ mappings }) => mappings === undefined ? [] : [mappings]);
    return known.length === 0 ? undefined : new MappedLines(...known);
  }
  if (!mappings.has(url)) {
    const text = withoutSourceMap(await modulesHere.code(url) ?? "").mappings;
    mappings.set(url, text === undefined ? undefined : new MappedLines(text));
  }
  return mappings.get(url);
}
