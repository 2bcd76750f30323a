import type { AgentInfo } from "../../agent/protocol/hello.ts";
import { abortable } from "../session/abort_signal.ts";
import { withSession } from "./link.ts";
import type { Operation } from "./operation.ts";

/**
 * Prepares connecting, whose result is what the agent tells of itself.
 *
 * @param since As for {@linkcode withSession}.
 */
export function prepareConnect(since?: number): Operation<AgentInfo> {
  return {
    ready: undefined,
    signal: undefined,
    perform: (link) =>
      withSession(link, ({ connection }) => abortable(connection.ready, link.signal), since),
  };
}
