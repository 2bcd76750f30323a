import { importKey } from "../../agent/protocol/module_record.ts";
import { entryModule } from "../modules/entry_module.ts";
import { modulesHere } from "../modules/modules_here.ts";
import { loadedScripts } from "../modules/v8.ts";
import { builtinModuleNames } from "./builtin.ts";

/** The ids of modules whose namespaces were looked for. */
const ids = new WeakMap<object, string>();

/**
 * The id of a module that runs here, by its namespace.
 *
 * @throws {TypeError} If it cannot be found.
 */
export async function idOfNamespace(namespace: object): Promise<string> {
  const known = ids.get(namespace);
  if (known !== undefined) return known;
  // Some have exports that their default export lacks, by which they are found elsewhere.
  for (const name of builtinModuleNames()) {
    if (await import(name).catch((): undefined => undefined) === namespace) return name;
  }
  for (const url of loadedScripts()) {
    // An import of the script that runs would wait for its end.
    if (!/^(file|https?|data|blob|jsr|npm):/.test(url) || url === entryModule()) continue;
    for (const id of [url, importKey(url, "require")]) {
      if (await modulesHere.namespace(id) !== namespace) continue;
      ids.set(namespace, id);
      return id;
    }
  }
  throw new TypeError(
    "Cannot send the namespace of a module that cannot be found: import it where it is used",
  );
}
