import { type Handle, HandleKind } from "../../agent/protocol/handle.ts";
import type { FunctionCode } from "../source/function_code.ts";
import type { AnyFunction } from "./any_function.ts";
import type { FunctionLocation } from "./inspector.ts";
import type { ImportedName } from "./script.ts";
import type { UnitDraft } from "./unit_draft.ts";

/** What is sent of one script. */
export interface Unit {
  readonly url: string;
  readonly index: number;
  readonly draft: UnitDraft;
  /** The imports that its functions capture, each with one of these. */
  readonly imports: Map<string, { readonly imported: ImportedName; readonly user: AnyFunction }>;
  /** Its functions, whose `import()`s and `import.meta.resolve()`s are still to be resolved. */
  readonly codes: {
    readonly fn: AnyFunction;
    readonly code: FunctionCode;
    readonly location: FunctionLocation;
    /** Whether it sees no variable, and none can come into its sight later. */
    readonly seesNothing: boolean;
  }[];
}

/** Has the code of a unit import a name. */
export function addImport(
  unit: Unit,
  name: string,
  imported: ImportedName,
  user: AnyFunction,
): void {
  unit.draft.importStatements.set(name, imported.statement);
  unit.imports.set(name, { imported, user });
}

/** The handle of what code of a unit gives, which begins with the name of an import. */
export function importHandle(unit: Unit, code: string, keys: readonly string[] = []): Handle {
  const steps = keys.map((key) => `?.[${JSON.stringify(key)}]`).join("");
  return [HandleKind.FUNCTION, unit.index, unit.draft.addImported(code + steps)];
}
