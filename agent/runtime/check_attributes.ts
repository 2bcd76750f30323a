import { type ModuleRecord, splitImportKey } from "../protocol/module_record.ts";
import { runtimeName } from "../protocol/runtime_name.ts";

/** The attributes of an `import()`. */
export interface Attributes {
  readonly type?: string;
}

/** The versions of Node that know no attributes, and so tell nothing of them. */
const KNOWS_NONE = /^Node (18\.1?\d|19\.\d+|20\.\d)\./;

/**
 * Checks that an `import()` of JSON says that it is JSON.
 *
 * @throws {TypeError} If it does not: the error of Deno, here and at the controller.
 */
export function checkAttributes(key: string, kind: ModuleRecord["kind"] | undefined): void {
  if (kind !== "json" || splitImportKey(key).type !== undefined) return;
  if (KNOWS_NONE.test(runtimeName())) return;
  const text = 'Attempted to load JSON module without specifying "type": "json" attribute in the ' +
    "import statement.";
  throw Object.assign(new TypeError(text), { code: "ERR_MODULE_NOT_FOUND" });
}
