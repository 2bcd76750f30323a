import { importKey, type ModuleRecord } from "./module_record.ts";

/**
 * The module that `require()` gives of an ES module with a default export: it has the same exports,
 * and the mark that compiled CommonJS looks for.
 */
export function markedModule(id: string): ModuleRecord {
  return {
    id: importKey(id, "require"),
    kind: "js",
    source: 'export * from "";export { default } from "";export const __esModule = true;',
    imports: { "": id },
  };
}
