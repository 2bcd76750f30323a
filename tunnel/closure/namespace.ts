import { agentHost } from "../../agent/agent_host.ts";
import { loadedScripts } from "../modules/v8.ts";

/**
 * The URL of a module that runs here, by its namespace.
 *
 * @throws {TypeError} If it is not to be found.
 */
export async function urlOfNamespace(namespace: object): Promise<string> {
  const agent = agentHost();
  for (const url of loadedScripts()) {
    if (!/^(file|https?|data|blob|jsr|npm):/.test(url)) continue;
    const found = agent === undefined
      ? await import(url).catch((): undefined => undefined)
      : agent.namespace(url);
    if (found === namespace) return url;
  }
  throw new TypeError(
    "Cannot send the namespace of a module that is not to be found: import it where it is used",
  );
}
