import { remedyFor } from "../../agent/protocol/remedy.ts";
import type { AnyFunction } from "./any_function.ts";
import { isNative } from "./function_place.ts";
import { cannotSend, refusal, type RefusalData, REMEDY, type Way } from "./refusal.ts";

/** Makes the errors for what cannot be sent of a call; they tell how and where it was found. */
export class Refusals {
  /** How each function was found. */
  readonly ways: Map<AnyFunction, Way> = new Map();
  readonly #called: AnyFunction | undefined;
  readonly #positionOf: (fn: AnyFunction) => string;

  /**
   * @param called The function that is called, if it is known.
   * @param positionOf Tells where a function is written, for the end of a message; `""` if that is
   * not known.
   */
  constructor(called: AnyFunction | undefined, positionOf: (fn: AnyFunction) => string) {
    this.#called = called;
    this.#positionOf = positionOf;
  }

  /** The error for a function that cannot be sent. */
  ofFunction(
    fn: AnyFunction,
    reason: string,
    { remedy = REMEDY, ...data }: RefusalData = {},
  ): TypeError {
    const start = cannotSend(fn, this.ways);
    return refusal(`${start}: ${reason}; ${remedy}${this.#position(fn)}`, data);
  }

  /** The error for a value that cannot be sent, in what a function uses or in the arguments. */
  ofValue({ user, name, steps }: Way, reason: string, data: RefusalData = {}): TypeError {
    const path = `${name.replace(/^(variable|property) /, "")}${steps}`;
    if (user === undefined) {
      const { problem = `it ${reason}` } = (data.cause ?? {}) as { problem?: string };
      const remedy = remedyFor(problem, "arguments");
      const text = `Cannot encode ${path}: ${problem}${remedy}${this.positionOfCalled()}`;
      return refusal(text, { ...data, path });
    }
    const variable = /^variable (.*)$/s.exec(name)?.[1];
    return this.ofFunction(user, `${name}${steps} ${reason}`, { ...data, path, variable });
  }

  /** Where the called function is written, as far as that can be told. */
  positionOfCalled(): string {
    const fn = this.#called;
    if (fn === undefined || isNative(fn)) return "";
    try {
      return this.#position(fn);
    } catch {
      return ""; // the script may not use the inspector, for example
    }
  }

  /** Where a function is written, or else the next on the way to it that is written somewhere. */
  #position(fn: AnyFunction): string {
    for (let at: AnyFunction | undefined = fn; at !== undefined; at = this.ways.get(at)?.user) {
      const position = this.#positionOf(at);
      if (position !== "") return position;
    }
    return "";
  }
}
