import { agentHost } from "../agent_host.ts";

/**
 * A signal that aborts when the call that the running code belongs to is given up: when its own
 * signal aborts, when it takes too long, when the reader of its stream stops, or when the
 * connection is lost. Code that runs later, after `await` or in a timer, belongs to the same call.
 *
 * Outside of a call, as at the first controller, it never aborts.
 *
 * ```ts ignore
 * await tun.with({ signal }).call(async (url: string) => {
 *   return await (await fetch(url, { signal: callSignal() })).text();
 * }, "https://example.com");
 * ```
 */
export function callSignal(): AbortSignal {
  return agentHost()?.callSignal() ?? new AbortController().signal;
}
