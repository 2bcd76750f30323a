import { agentHost } from "../../agent/agent_host.ts";
import { entryModule } from "../modules/entry_module.ts";
import { loadedScripts } from "../modules/v8.ts";
import { builtinModuleNames } from "./builtin.ts";

/**
 * The URL of a module that runs here, by its namespace.
 *
 * @throws {TypeError} If it is not to be found.
 */
export async function urlOfNamespace(namespace: object): Promise<string> {
  // Some have exports that their default export lacks, by which they are found elsewhere.
  for (const name of builtinModuleNames()) {
    if (await import(name).catch(() => undefined) === namespace) return name;
  }
  const agent = agentHost();
  for (const url of loadedScripts()) {
    // An import of the script that runs would wait for its end.
    if (!/^(file|https?|data|blob|jsr|npm):/.test(url) || url === entryModule()) continue;
    const found = agent === undefined
      ? await import(url).catch(() => undefined)
      : agent.namespace(url);
    if (found === namespace) return url;
  }
  throw new TypeError(
    "Cannot send the namespace of a module that is not to be found: import it where it is used",
  );
}
