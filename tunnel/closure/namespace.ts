import { modulesHere } from "../modules/modules_here.ts";
import { loadedScripts } from "../modules/v8.ts";

/** The URLs of namespaces that were looked for. */
const urls = new WeakMap<object, string>();

/**
 * The URL of a module that runs here, by its namespace.
 *
 * @throws {TypeError} If it cannot be found.
 */
export async function urlOfNamespace(namespace: object): Promise<string> {
  const known = urls.get(namespace);
  if (known !== undefined) return known;
  for (const url of loadedScripts()) {
    if (!/^(file|https?|data|blob|jsr|npm):/.test(url)) continue;
    if (await modulesHere.namespace(url) !== namespace) continue;
    urls.set(namespace, url);
    return url;
  }
  throw new TypeError(
    "Cannot send the namespace of a module that cannot be found: import it where it is used",
  );
}
