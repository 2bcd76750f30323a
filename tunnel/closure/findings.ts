import type { FunctionPlace } from "../../agent/protocol/request.ts";
import type { V8Session } from "../modules/v8.ts";
import type { AnyFunction } from "./any_function.ts";
import { type ModuleExports, placeOf } from "./function_place.ts";
import { type FunctionInspection, inspectFunctions } from "./inspector.ts";
import { scriptOf } from "./script.ts";

/** What is found out in one step, which no other code comes between. */
export class Findings {
  readonly #session: () => V8Session;
  readonly #inspections = new Map<AnyFunction, FunctionInspection>();
  readonly #exports: ModuleExports = new Map();

  /** Which values can be sent. */
  readonly sendable: Map<unknown, boolean> = new Map();

  /** @param session Gives a session, and is only called if a function has to be looked at. */
  constructor(session: () => V8Session) {
    this.#session = session;
  }

  /** What V8 tells of functions. */
  inspect(fns: readonly AnyFunction[]): FunctionInspection[] {
    const missing = fns.filter((fn) => !this.#inspections.has(fn));
    if (missing.length > 0) {
      const found = inspectFunctions(missing, this.#session());
      missing.forEach((fn, i) => this.#inspections.set(fn, found[i]!));
    }
    return fns.map((fn) => this.#inspections.get(fn)!);
  }

  /**
   * The place of a function, or of a symbol that the module of the inspected function has.
   *
   * @param isDeep Whether to look further than at the properties of exports.
   * @throws {UnknownExports} If that cannot be told yet.
   */
  placeOf(
    value: AnyFunction | symbol,
    inspection: FunctionInspection,
    isDeep = false,
  ): FunctionPlace | undefined {
    return placeOf(
      value,
      inspection,
      this.#exports,
      () => scriptOf(inspection.location!, this.#session()),
      isDeep,
    );
  }
}
