import { types } from "node:util";
import { HandleKind, PropertyKind } from "../../agent/protocol/handle.ts";
import type { AnyFunction } from "./any_function.ts";
import { findGlobal } from "./builtin.ts";
import { isNative } from "./function_place.ts";
import { ownPrototype } from "./own_properties.ts";
import type { WeakMember } from "./inspector.ts";
import type { Way } from "./refusal.ts";
import type { SentValues } from "./sent_values.ts";

/** The class of a `WeakMap` or `WeakSet` that has nothing else; `undefined` for anything else. */
export function weakClassOf(value: object): WeakMapConstructor | WeakSetConstructor | undefined {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== WeakMap.prototype && prototype !== WeakSet.prototype) return undefined;
  if (Reflect.ownKeys(value).length > 0) return undefined;
  return prototype === WeakMap.prototype ? WeakMap : WeakSet;
}

/**
 * Whether code at the far end may have a value: it is among those of the call, or a built-in, or
 * the `prototype` of a function among them. It may have any symbol, as the key of a property.
 */
export function isWithinReach(value: unknown, isAmongValues: (value: unknown) => boolean): boolean {
  if (typeof value === "symbol" || isAmongValues(value)) return true;
  if (types.isProxy(value)) return false;
  if (findGlobal(value) !== undefined) return true;
  if (typeof value === "function") return isNative(value as AnyFunction);
  const owner = Object.getOwnPropertyDescriptor(value, "constructor")?.value;
  return typeof owner === "function" && ownPrototype(owner) === value && isAmongValues(owner);
}

/** The handles of what is the same there as what code imports. */
const IMPORTED: ReadonlySet<number | undefined> = new Set([
  HandleKind.PLACE,
  HandleKind.NAMESPACE,
  HandleKind.IMPORTED,
]);

/** A `WeakMap` or `WeakSet`, how it was found, and its members that are not among the values. */
interface Waiting {
  readonly owner: object;
  readonly way: Way;
  members: readonly WeakMember[];
}

/**
 * The members of each `WeakMap` and `WeakSet` among the values of a call. Nobody can ask for a
 * member without having it, so only those are sent that are among the values, too.
 */
export class WeakMembers {
  readonly #waiting: Waiting[] = [];
  /** Members that code there has by an import alone, each with the way to the collection. */
  readonly #imported: [member: unknown, way: Way][] = [];

  /** Whether there is no `WeakMap` or `WeakSet`. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Adds a `WeakMap` or `WeakSet`. */
  add(owner: object, members: readonly WeakMember[], way: Way): void {
    this.#waiting.push({ owner, way, members });
  }

  /**
   * Sends the members that have turned up among the values since, with their values.
   *
   * @param isAmongValues Whether a member is among the values of the call.
   * @param isImported Whether code that goes along imports a member.
   * @returns Whether there was any.
   */
  link(
    sent: SentValues,
    isAmongValues: (member: unknown) => boolean,
    isImported: (member: unknown) => boolean,
    find: (found: Way & { readonly value: unknown }) => void,
  ): boolean {
    let hasAny = false;
    for (const one of this.#waiting) {
      const { owner, way, members } = one;
      const ready = members.filter(([member]) => {
        if (isAmongValues(member)) return true;
        if (!isImported(member)) return false;
        this.#imported.push([member, way]);
        return true;
      });
      one.members = members.filter((member) => !ready.includes(member));
      for (const member of ready) {
        for (const value of member) find({ ...way, steps: `${way.steps}.get()`, value });
        sent.properties.push({ owner, kind: PropertyKind.WEAK_MEMBER, key: null, value: member });
      }
      hasAny ||= ready.length > 0;
    }
    return hasAny;
  }

  /** The way to a collection with a member that would be a copy there, beside the imported one. */
  findCopied(sent: SentValues): Way | undefined {
    return this.#imported.find(([member]) =>
      typeof member !== "symbol" && !IMPORTED.has(sent.handleOf(member)?.[0])
    )?.[1];
  }
}
