import { entryModule } from "../modules/entry_module.ts";
import { functionCode } from "../source/function_code.ts";
import type { Uses } from "../source/syntax.ts";
import type { AnyFunction } from "./any_function.ts";
import type { Findings } from "./findings.ts";
import { nameOf } from "./function_place.ts";
import { codeTextOf } from "./function_text.ts";
import type { FunctionInspection } from "./inspector.ts";
import type { Refusals } from "./refusals.ts";
import type { Unit } from "./unit.ts";

/**
 * Checks that no function that goes by value shares a variable of its module, which changes, with
 * one that goes by reference: the one would have a copy, and the other the module's own.
 *
 * @param byReference Gives the functions that go by reference.
 * @throws {TypeError} If one does.
 */
export function checkSharing(
  units: readonly Unit[],
  byReference: () => readonly AnyFunction[],
  findings: Findings,
  refusals: Refusals,
): void {
  const ofModules = units.filter(({ url }) => url !== entryModule());
  if (ofModules.length === 0) return;
  const fns = byReference(), inspections = findings.inspect(fns);
  for (const { url, codes } of ofModules) {
    for (const [i, other] of fns.entries()) {
      const inspection = inspections[i]!;
      if (inspection.location?.url !== url) continue;
      const others = usesOf(other);
      for (const { fn, code: { uses } } of codes) {
        const own = findings.inspect([fn])[0]!;
        const torn = [...uses.names].find((name) =>
          others?.names.has(name) && (uses.assigned.has(name) || others.assigned.has(name)) &&
          isOfModule(name, own) && isOfModule(name, inspection)
        );
        if (torn === undefined) continue;
        const reason = `it has a copy of variable ${torn} there, beside ${nameOf(other)}, ` +
          "which has the one of the module, and one of them changes it";
        throw refusals.ofFunction(fn, reason, { variable: torn });
      }
    }
  }
}

/** What the code of a function uses; `undefined` if it cannot be read by itself. */
function usesOf(fn: AnyFunction): Uses | undefined {
  try {
    return functionCode(codeTextOf(fn), "module").uses;
  } catch {
    return undefined;
  }
}

/** Whether a function means a variable of its module by a name. */
function isOfModule(name: string, { scopes }: FunctionInspection): boolean {
  const scope = scopes.find(({ variables }) => Object.hasOwn(variables, name));
  return scope?.description === "Module";
}
