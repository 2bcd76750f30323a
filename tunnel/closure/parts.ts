import { types } from "node:util";

/**
 * `value` and all objects and functions in it, each once, as far as the codec goes: not into
 * functions and modules.
 *
 * @param seen The parts that are left out; all that are given are added to it.
 */
export function* partsOf(value: unknown, seen: Set<unknown> = new Set()): Generator<unknown> {
  const pending = [value];
  // Not by recursion, as a linked list may be as long as the memory allows.
  while (pending.length > 0) {
    const part = pending.pop();
    if (typeof part !== "object" && typeof part !== "function" || part === null || seen.has(part)) {
      continue;
    }
    seen.add(part);
    yield part;
    if (typeof part === "function" || ArrayBuffer.isView(part)) continue;
    if (types.isModuleNamespaceObject(part)) continue;
    if (part instanceof Map) { for (const entry of part) pending.push(...entry); }
    else if (part instanceof Set) { for (const member of part) pending.push(member); }
    else for (const inner of Object.values(part)) pending.push(inner);
  }
}
