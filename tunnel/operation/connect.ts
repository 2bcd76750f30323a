import type { AgentInfo } from "../../agent/protocol/hello.ts";
import { abortable } from "../session/abort_signal.ts";
import { withSession } from "./link.ts";
import type { Operation } from "./operation.ts";

/** Prepares connecting, whose result is what the agent tells of itself. */
export function prepareConnect(): Operation<AgentInfo> {
  return {
    ready: undefined,
    signal: undefined,
    perform: (link) =>
      withSession(link, ({ connection }) => abortable(connection.ready, link.signal)),
  };
}
