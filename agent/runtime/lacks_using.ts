import type vm from "node:vm";
import type { FunctionUnit } from "../protocol/handle.ts";
import type { ModuleRecord } from "../protocol/module_record.ts";

/**
 * Whether this engine cannot compile code because of its `using` declarations, which Node has since
 * version 24. It may also be `true` of CommonJS that contains the word and is not valid as a
 * module.
 */
export function lacksUsing(
  code: ModuleRecord | FunctionUnit,
  { SourceTextModule }: typeof vm,
): boolean {
  const { kind = "js", source } = code as ModuleRecord;
  return kind.endsWith("js") && /\busing\b/.test(source as string) &&
    ["{using a=null}", source as string].every((text) => {
      try {
        new SourceTextModule(text);
        return false;
      } catch {
        return true;
      }
    });
}
