/**
 * The part of an agent that continues the traces of its controller. It is not in the agent's
 * bundle, but is sent with the first call of a controller that makes traces.
 *
 * @module
 */

import { agentHost } from "./agent_host.ts";
import { type Carrier, telemetry } from "./protocol/telemetry.ts";

/**
 * Answers a call, whose spans are children of the controller's span.
 *
 * @param carrier The controller's context.
 * @param header The header of the call.
 */
export function call(channel: unknown, carrier: Carrier, header: Uint8Array): void {
  const run = (): void => agentHost()!.handleChannel!(channel, header);
  const { context, propagation } = telemetry() ?? {};
  // A Node agent has no traces, unless a function there has registered something.
  if (context === undefined || propagation === undefined) return run();
  const continued = propagation.extract(context.active(), carrier, {
    get: (carrier, key) => carrier[key],
    keys: Object.keys,
  });
  context.with(continued, run);
}
