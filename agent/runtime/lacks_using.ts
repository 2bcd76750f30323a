import vm from "node:vm";
import type { FunctionUnit } from "../protocol/handle.ts";
import type { ModuleRecord } from "../protocol/module_record.ts";

/**
 * Whether this engine cannot compile code because of its `using` declarations, which Node has since
 * version 24. It may also be `true` of CommonJS that contains the word and is not valid as a
 * module.
 */
export function lacksUsing(code: ModuleRecord | FunctionUnit): boolean {
  const { kind = "js", source } = code as ModuleRecord;
  return kind.endsWith("js") && /\busing\b/.test(source as string) &&
    !compiles("{using a=null}") && !compiles(source as string);
}

function compiles(source: string): boolean {
  try {
    return !!new vm.SourceTextModule(source);
  } catch {
    return false;
  }
}
