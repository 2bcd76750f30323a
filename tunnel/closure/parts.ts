import { types } from "node:util";
import type { AnyFunction } from "./any_function.ts";
import { contentOf } from "./values.ts";

/**
 * Gives `value` and all that is in it, each once, as far as the codec goes: not into functions and
 * modules.
 *
 * @param seen What has been given before.
 */
export function* partsOf(value: unknown, seen: Set<unknown> = new Set()): Generator<unknown> {
  const pending = [value];
  // Not by recursion: a list may be as long as the memory allows.
  while (pending.length > 0) {
    const part = pending.pop();
    if (typeof part !== "object" && typeof part !== "function" || part === null || seen.has(part)) {
      continue;
    }
    seen.add(part);
    yield part;
    if (typeof part === "function" || types.isModuleNamespaceObject(part)) continue;
    const content = contentOf(part);
    if (content.kind === "leaf") continue;
    for (const { value } of content.parts) pending.push(value);
  }
}

/** Whether `target` is somewhere in `value`, or in what the functions in that lead to. */
export function leadsTo(
  value: unknown,
  target: unknown,
  leads: (fn: AnyFunction) => unknown[],
  seen: Set<unknown> = new Set(),
): boolean {
  for (const part of partsOf(value, seen)) {
    if (part === target) return true;
    if (typeof part === "function" && leadsTo(leads(part), target, leads, seen)) return true;
  }
  return false;
}
