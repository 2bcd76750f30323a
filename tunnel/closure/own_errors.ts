import { PropertyKind } from "../../agent/protocol/handle.ts";
import type { FunctionPlace } from "../../agent/protocol/request.ts";
import { packageRoot } from "../modules/package_files.ts";
import type { AnyFunction } from "./any_function.ts";
import { isNative } from "./function_place.ts";
import type { FunctionDescriber } from "./function_describer.ts";
import type { FunctionInspection } from "./inspector.ts";
import { refusal } from "./refusal.ts";
import type { Refusals } from "./refusals.ts";
import type { SentValues } from "./sent_values.ts";

/** What goes along with errors, and may ask for their classes. */
export interface Companions {
  readonly refusals: Refusals;
  readonly describer: Pick<FunctionDescriber, "importedFunctions" | "units">;
  readonly called: FunctionPlace | undefined;
  readonly inspect: (fn: AnyFunction) => FunctionInspection;
  /** Whether a module exports a class. */
  readonly isPlaced: (made: AnyFunction, inspection: FunctionInspection) => boolean;
  readonly canSend: (made: AnyFunction) => boolean;
}

/** The errors of a call whose classes are not built in. */
export class OwnErrors {
  readonly #errors = new Set<Error>();

  add(error: Error): void {
    this.#errors.add(error);
  }

  /**
   * Has errors be instances of their classes at the far end too, where one of these is known there
   * by itself, or has something that an error would lack there. Others arrive as those that are
   * thrown do.
   *
   * @param companions What goes along.
   * @param find Finds the prototype of a class, which goes along.
   * @returns Whether there were any.
   * @throws {TypeError} If a class that may be asked for cannot be known there.
   */
  link(
    sent: SentValues,
    companions: Companions,
    find: (found: { readonly value: object; readonly user: AnyFunction }) => void,
  ): boolean {
    const linked = [...this.#errors].filter((error) =>
      classesOf(error).some((made) =>
        isKnown(made, sent, companions) || isOwnWithMembers(made, companions)
      )
    );
    for (const error of linked) {
      this.#errors.delete(error);
      const value = Object.getPrototypeOf(error);
      find({ value, user: classesOf(error)[0]! });
      sent.properties.push({ owner: error, kind: PropertyKind.INHERITED, key: null, value });
    }
    return linked.length > 0;
  }
}

/**
 * Whether a class that the script, or a module of the user's, has written gives its instances
 * methods or accessors. Those of packages are for the package.
 */
function isOwnWithMembers(made: AnyFunction, { inspect, canSend }: Companions): boolean {
  // What the name is goes along with each error.
  const isBare = (key: string | symbol): boolean => key === "constructor" || key === "name";
  if (Reflect.ownKeys(made.prototype).every(isBare)) return false;
  const { location } = inspect(made);
  if (location === undefined || /^(ext|node):/.test(location.url)) return false;
  return packageRoot(location.url) === undefined && canSend(made);
}

/** Whether code at the far end can ask whether an error is of a class. */
function isKnown(made: AnyFunction, sent: SentValues, companions: Companions): boolean {
  const { called, refusals, describer, inspect, isPlaced } = companions;
  const imported = describer.importedFunctions;
  if (refusals.ways.has(made) || imported.includes(made)) return true;
  const loaded = [called?.module ?? null, ...sent.loads].filter((id) =>
    id !== null && !id.startsWith("node:")
  );
  const hasImports = describer.units.some(({ imports, codes }) =>
    imports.size > 0 || codes.some(({ code }) => code.imports.length > 0)
  );
  if (loaded.length === 0 && !hasImports) return false;
  // The modules that are loaded may import the class from its own.
  const inspection = inspect(made);
  if (isPlaced(made, inspection)) return true;
  const url = inspection.location?.url;
  if (
    url === undefined ||
    !loaded.includes(url) && !imported.some((fn) => inspect(fn).location?.url === url)
  ) {
    return false;
  }
  throw refusal(
    `Cannot send an error of the class ${made.name}: its module does not export it, and makes ` +
      `another one there, of which the error is no instance; export the class from ${url}` +
      refusals.positionOfCalled(),
  );
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
