import { EventEmitter } from "node:events";

/** What every `EventEmitter` has. */
const OF_EMITTERS = new Set(Object.getOwnPropertyNames(new EventEmitter()));

/** A list of listeners that Deno keeps in an event target. */
interface Listening {
  readonly listeners?: Readonly<Record<string, readonly unknown[]>>;
}

/**
 * Whether an object of the runtime, or what an object has of its parent of the runtime, is known to
 * have changed since it was made: it has listeners or entries, has aborted, or was given names.
 *
 * @param base The prototype that is the runtime's.
 * @param hasEntries Tells of a `WeakMap` or `WeakSet` whether anything is in it.
 */
export function isTouched(
  object: object,
  base: object,
  hasEntries: (object: object) => boolean,
): boolean {
  // Others that inherit from it, such as servers, listen to themselves.
  if (base === EventEmitter.prototype) return isTouchedEmitter(object as Emitter, base);
  if (object instanceof EventTarget && isListening(object)) return true;
  if (base === Object.getPrototypeOf(object) && NAMELESS.has(base)) {
    if (Object.getOwnPropertyNames(object).length > 0) return true;
  }
  if (object instanceof AbortController) {
    return isTouched(object.signal, AbortSignal.prototype, hasEntries);
  }
  if (object instanceof AbortSignal) return object.aborted;
  if (object instanceof FormData) return [...object.keys()].length > 0;
  return (object instanceof WeakMap || object instanceof WeakSet) && hasEntries(object);
}

/** The prototypes of objects that have no names of the runtime. */
const NAMELESS: ReadonlySet<object> = new Set<object>(
  [EventTarget, AbortController, AbortSignal, FormData, WeakMap, WeakSet]
    .map(({ prototype }) => prototype),
);

/** What an emitter keeps. */
interface Emitter {
  readonly _eventsCount: number;
  readonly _maxListeners: unknown;
}

function isTouchedEmitter(emitter: Emitter, base: object): boolean {
  if (emitter._eventsCount > 0 || emitter._maxListeners !== undefined) return true;
  return Object.getPrototypeOf(emitter) === base &&
    Object.getOwnPropertyNames(emitter).some((name) => !OF_EMITTERS.has(name));
}

function isListening(target: EventTarget): boolean {
  return Object.getOwnPropertySymbols(target).some((symbol) => {
    const { listeners = {} } = Object(Reflect.get(target, symbol)) as Listening;
    return Object.values(listeners).some((all) => all.length > 0);
  });
}
