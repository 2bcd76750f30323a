import type { AnyFunction } from "./any_function.ts";
import { describeFunction, type FunctionDescription } from "./function_description.ts";
import { type FunctionInspection, inspectFunction } from "./inspector.ts";
import { ownProperties, type OwnProperty } from "./own_properties.ts";

/** Inspects the functions that a call has to do with, each of them once. */
export class Inspections {
  readonly #inspections = new Map<AnyFunction, Promise<FunctionInspection>>();
  readonly #properties = new Map<AnyFunction, readonly OwnProperty[]>();
  readonly #descriptions = new Map<AnyFunction, Promise<FunctionDescription>>();

  /** Asks V8 about `fn`. The answer is as of the first time that this was called for `fn`. */
  inspect(fn: AnyFunction): Promise<FunctionInspection> {
    let inspection = this.#inspections.get(fn);
    if (inspection === undefined) {
      inspection = inspectFunction(fn);
      // The call may fail for another reason before it is awaited.
      inspection.catch(() => {});
      this.#inspections.set(fn, inspection);
      this.#properties.set(fn, ownProperties(fn));
    }
    return inspection;
  }

  /** The properties that `fn` had when it was inspected. */
  propertiesOf(fn: AnyFunction): readonly OwnProperty[] {
    return this.#properties.get(fn) ?? [];
  }

  /**
   * How `fn` is sent.
   *
   * @throws {FunctionRefusal} If it cannot be sent.
   */
  describe(fn: AnyFunction): Promise<FunctionDescription> {
    let description = this.#descriptions.get(fn);
    if (description === undefined) {
      description = describeFunction(fn, (fn) => this.inspect(fn));
      this.#descriptions.set(fn, description);
    }
    return description;
  }
}
