import { types } from "node:util";
import type { AnyFunction } from "./any_function.ts";

/** What a module exports, as far as it is known. */
export type Exports = Readonly<Record<string, unknown>>;

/** Places by the values that are found there. */
type Places = ReadonlyMap<unknown, readonly string[]>;

/**
 * Finds the exports of a module, and the properties of exported objects and classes, by their
 * values. The exports have to stay as they are meanwhile.
 */
export class ExportPlaces {
  /** The values that were looked through, and those that are looked through if it takes more. */
  readonly #known: Places[] = [];
  readonly #others: Generator<Places>;

  readonly #exports: Exports;
  #deep: Places | undefined;

  constructor(exports: Exports) {
    this.#exports = exports;
    this.#others = placesIn(exports);
  }

  /** All names by which a value is exported. */
  namesOf(value: unknown): string[] {
    return Object.keys(this.#exports).filter((name) => valueOf(this.#exports, name) === value);
  }

  /**
   * The names that lead to a value; `undefined` if none do.
   *
   * @param isDeep Whether to look further than at the properties of exports.
   */
  find(value: AnyFunction | symbol, isDeep = false): readonly string[] | undefined {
    for (const places of this.#known) {
      const path = places.get(value);
      if (path !== undefined) return path;
    }
    for (let next; (next = this.#others.next()).done !== true;) {
      this.#known.push(next.value);
      const path = next.value.get(value);
      if (path !== undefined) return path;
    }
    return isDeep ? (this.#deep ??= placesDeepIn(this.#exports)).get(value) : undefined;
  }
}

function* placesIn(exports: Exports): Generator<Places> {
  yield namesIn(exports);
  yield membersIn(exports);
  // All that a CommonJS module exports is there, and not every name is an export.
  const whole = valueOf(exports, "default");
  if (!isExports(whole)) return;
  yield below("default", namesIn(whole));
  yield below("default", membersIn(whole));
}

function namesIn(exports: Exports): Places {
  const places = new Map<unknown, string[]>();
  for (const name of Object.keys(exports)) {
    const value = valueOf(exports, name);
    if (!places.has(value)) places.set(value, [name]);
  }
  return places;
}

function membersIn(exports: Exports): Places {
  const places = new Map<unknown, string[]>();
  for (const name of Object.keys(exports)) {
    const value = valueOf(exports, name);
    if (!isExports(value)) continue;
    for (const key of Object.getOwnPropertyNames(value)) {
      const member: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
      if (!isAskedFor(member) || places.has(member)) continue;
      places.set(member, [name, key]);
    }
  }
  return places;
}

/** Whether a value is one that may be looked for, among others of which there may be many. */
function isAskedFor(value: unknown): boolean {
  return typeof value === "function" || typeof value === "symbol";
}

function isExports(value: unknown): value is Exports {
  return (typeof value === "object" || typeof value === "function") && value !== null;
}

function valueOf(exports: Exports, name: string): unknown {
  try {
    return exports[name];
  } catch {
    return undefined; // not initialized yet
  }
}

function below(name: string, places: Places): Places {
  return new Map(Array.from(places, ([value, path]) => [value, [name, ...path]]));
}

/** How deep in exports a function may be, and among how many values it is looked for. */
const DEEP = { depth: 6, values: 5000 };

/** What hangs on exports, such as `chalk.red.bold`. */
function placesDeepIn(exports: Exports): Places {
  const places = new Map<unknown, string[]>();
  const seen = new Set<unknown>();
  let level = Object.keys(exports).map((key) => ({ value: valueOf(exports, key), path: [key] }));
  for (let depth = 1; depth < DEEP.depth && seen.size < DEEP.values; depth++) {
    const next: typeof level = [];
    for (const { value, path } of level) {
      if (isAskedFor(value) && !places.has(value)) places.set(value, path);
      if (!isExports(value) || types.isProxy(value) || seen.has(value)) continue;
      seen.add(value);
      for (
        const [key, { value: part }] of Object.entries(Object.getOwnPropertyDescriptors(value))
      ) {
        if (isExports(part)) next.push({ value: part, path: [...path, key] });
      }
    }
    level = next;
  }
  return places;
}
