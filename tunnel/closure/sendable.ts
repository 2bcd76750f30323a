import { types } from "node:util";
import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { isAttachment, simpleHandle } from "./attachment_handle.ts";
import { findBuiltin } from "./builtin.ts";
import { symbolProperties } from "./own_properties.ts";
import { symbolHandle } from "./symbol_handle.ts";

/** Whether a value without an encoding can have a handle. */
export function canHandle(value: unknown): boolean {
  if (typeof value === "function" || isAttachment(value) || simpleHandle(value)) return true;
  if (typeof value === "symbol") return symbolHandle(value) !== undefined;
  return value instanceof BuiltinReference || types.isModuleNamespaceObject(value) ||
    symbolProperties(value).length > 0 || findBuiltin(value) !== undefined;
}

/** Stands for a built-in object, such as `console`, which the codec would take for a plain one. */
export class BuiltinReference {
  readonly place: FunctionPlace;

  constructor(place: FunctionPlace) {
    this.place = place;
  }
}

/** `value`, or the reference to it if it is a built-in object. */
export function asReference(value: unknown): unknown {
  const builtin = typeof value === "object" && value !== null ? findBuiltin(value) : undefined;
  return builtin === undefined ? value : new BuiltinReference(builtin);
}
