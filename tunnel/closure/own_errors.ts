import { PropertyKind } from "../../agent/protocol/handle.ts";
import type { AnyFunction } from "./any_function.ts";
import { isNative } from "./function_place.ts";
import type { SentValues } from "./sent_values.ts";

/** The errors of a call whose classes are not built in. */
export class OwnErrors {
  readonly #errors = new Set<Error>();

  add(error: Error): void {
    this.#errors.add(error);
  }

  /**
   * Has errors be instances of their classes at the far end too, where one of these is known there
   * by itself. Others arrive as those that are thrown do.
   *
   * @param find Finds the prototype of a class, which goes along.
   * @returns Whether there were any.
   */
  link(
    sent: SentValues,
    isKnown: (made: AnyFunction) => boolean,
    find: (prototype: object, made: AnyFunction) => void,
  ): boolean {
    const linked = [...this.#errors].filter((error) => classesOf(error).some(isKnown));
    for (const error of linked) {
      this.#errors.delete(error);
      const value = Object.getPrototypeOf(error);
      find(value, classesOf(error)[0]!);
      sent.properties.push({ owner: error, kind: PropertyKind.INHERITED, key: null, value });
    }
    return linked.length > 0;
  }
}

/** The classes of an object that are not built in, from its own upwards. */
function classesOf(object: object): AnyFunction[] {
  const classes: AnyFunction[] = [];
  let prototype = Object.getPrototypeOf(object);
  while (prototype !== null) {
    const made = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
    if (typeof made !== "function" || isNative(made) || made.prototype !== prototype) break;
    classes.push(made);
    prototype = Object.getPrototypeOf(prototype);
  }
  return classes;
}
