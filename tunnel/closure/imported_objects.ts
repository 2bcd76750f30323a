import { types } from "node:util";
import { type Handle, HandleKind } from "../../agent/protocol/handle.ts";
import { integrityOf } from "../../agent/protocol/integrity.ts";
import { namedKeys } from "../../codec/array_keys.ts";
import { dataOf } from "./imported_symbols.ts";
import type { SentValues } from "./sent_values.ts";

/** What a function imports, or what a module exports whose function goes by reference. */
export interface ImportedValue {
  readonly value: unknown;
  /** Makes the handle of what is found there by these keys. */
  readonly give: (keys: readonly string[]) => Handle;
}

/** How many objects of an import are looked at. */
const MAX_OBJECTS = 1000;

/** How deep an object may be that is compared: each level takes some of the codec's. */
const MAX_DEPTH = 50;

/**
 * Lets objects among the values of a call be those of the module there, if a function that goes
 * along imports them too: here, both are one. A module that is loaded there makes its own, so they
 * are sent as copies with the place of the original, and the far end compares the two.
 *
 * @param isInData Whether a value is among those of the call.
 */
export function linkImported(
  imported: Iterable<ImportedValue>,
  sent: SentValues,
  isInData: (value: unknown) => boolean,
): void {
  const isCopied = (value: object): boolean =>
    isInData(value) && sent.handleOf(value) === undefined && sent.standInOf(value) === undefined;
  const links: (readonly [object, Handle])[] = [];
  for (const { value, give } of imported) {
    for (const [object, keys] of objectsIn(value)) {
      if (!isCopied(object) || !isTree(object, sent)) continue;
      const own = {};
      links.push([own, give(keys)]);
      const copy = Array.isArray(object)
        ? object.slice()
        : Object.assign(Object.create(Object.getPrototypeOf(object)), object);
      links.push([object, [HandleKind.IMPORTED, own, copy, integrityOf(object)]]);
    }
  }
  for (const [object, handle] of links) sent.setHandle(object, handle);
}

/** The plain objects and arrays in an import, each with the keys that lead to it. */
function* objectsIn(root: unknown): Generator<[object, keys: readonly string[]]> {
  const seen = new Set<object>();
  const pending: [unknown, readonly string[]][] = [[root, []]];
  for (let next; (next = pending.shift()) !== undefined && seen.size < MAX_OBJECTS;) {
    const [value, keys] = next;
    if (!isObject(value) || seen.has(value)) continue;
    const isNamespace = types.isModuleNamespaceObject(value);
    if (!isNamespace && !isPlain(value)) continue;
    seen.add(value);
    if (!isNamespace) yield [value, keys];
    for (const key of Object.keys(value).slice(0, MAX_OBJECTS)) {
      const part = dataOf(value, key);
      if (isObject(part)) pending.push([part, [...keys, key]]);
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Whether an object can be compared at the far end, with what is in it. */
export function isPlain(value: object): boolean {
  if (types.isProxy(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  if (Array.isArray(value)) return prototype === Array.prototype && namedKeys(value).length === 0;
  return prototype === Object.prototype || prototype === null;
}

/** Whether all that is in an object can be compared there, and nothing leads back to it. */
function isTree(root: object, sent: SentValues): boolean {
  const around = new Set<unknown>();
  const done = new Set<unknown>();
  const pending: [value: unknown, isLeft: boolean][] = [[root, false]];
  while (pending.length > 0) {
    const [value, isLeft] = pending.pop()!;
    if (typeof value === "function") {
      const kind = sent.handleOf(value)?.[0];
      if (kind !== HandleKind.PLACE && kind !== HandleKind.FUNCTION) return false;
    } else if (isLeft) {
      around.delete(value);
      done.add(value);
    } else if (isObject(value) && !done.has(value)) {
      const isCompared = isPlain(value) && sent.standInOf(value) === undefined;
      if (!isCompared || around.has(value)) return false;
      if (done.size === MAX_OBJECTS || around.size === MAX_DEPTH) return false;
      around.add(value);
      pending.push([value, true]);
      for (const part of Object.values(value)) pending.push([part, false]);
    }
  }
  return true;
}

/** What functions import or see, and the parts of that. */
export function partsOfImports(imported: Iterable<unknown>): Set<unknown> {
  const parts = new Set<unknown>();
  for (const value of imported) {
    parts.add(value);
    const isNamespace = types.isModuleNamespaceObject(value);
    for (const key of isNamespace ? Object.keys(value as object) : []) {
      parts.add(dataOf(value as object, key));
    }
    for (const [object] of objectsIn(value)) {
      parts.add(object);
      for (const key of Object.keys(object)) parts.add(dataOf(object, key));
    }
  }
  return parts;
}
