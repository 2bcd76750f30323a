import { agentHost } from "../../agent/agent_host.ts";

/** The namespace of a module that runs already; `undefined` if it cannot be had. */
export async function namespaceOf(url: string): Promise<Record<string, unknown> | undefined> {
  const agent = agentHost();
  if (agent !== undefined) return agent.namespace(url);
  try {
    return await import(url);
  } catch {
    return undefined;
  }
}
