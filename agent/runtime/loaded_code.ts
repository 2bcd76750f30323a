import { NOT_PLAIN } from "../../codec/plain.ts";
import { type Code, type Handle, HandleKind, type UnitContext } from "../protocol/handle.ts";
import type { CodeRunner } from "./code_runner.ts";
import { find } from "./find.ts";
import type { Namespace } from "./loader.ts";

/** The code that comes with a value, loaded with variables of its own. */
export interface LoadedCode {
  readonly modules: ReadonlyMap<string, Namespace>;
  /** The ids of the modules whose namespaces handles refer to. */
  readonly namespaces: readonly string[];
  readonly units: readonly UnitContext[];
}

/** Loads code. */
export async function loadCode(code: Code, runner: CodeRunner): Promise<LoadedCode> {
  const { loads, namespaces = [] } = code;
  const modules = new Map<string, Namespace>();
  for (const id of [...loads, ...namespaces]) modules.set(id, await runner.import(id));
  const units: UnitContext[] = [];
  for (const unit of code.units) units.push(await runner.run(unit));
  return { modules, namespaces, units };
}

/**
 * Makes the value of a handle that refers to a function of the code, or to something here.
 *
 * @throws {unknown} `NOT_PLAIN` for any other handle, and for what is not here.
 */
export function revivePlain({ modules, units }: LoadedCode, data: unknown): unknown {
  const [kind, first, ...rest] = data as Handle;
  if (kind === HandleKind.FUNCTION) {
    return units[first as number]!.functions[rest[0] as number];
  }
  const root = first === null ? globalThis : modules.get(first as string);
  const found = kind === HandleKind.PLACE ? find(root, rest as string[]) : undefined;
  if (found === undefined) throw NOT_PLAIN;
  return found.value;
}

/** Gives the variables of each unit their values. */
export function setVariables(
  { units }: LoadedCode,
  captured: readonly (readonly unknown[])[],
): void {
  captured.forEach((values, unit) => {
    values.forEach((value, index) => units[unit]!.variables[index]!(value));
  });
}
