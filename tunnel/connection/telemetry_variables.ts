import process from "node:process";
import { telemetry } from "../../agent/protocol/telemetry.ts";

/** Variables that hold secrets, or paths of files that only this machine has. */
const OWN = /_(HEADERS|CERTIFICATE|CLIENT_KEY)$/;

/**
 * The variables by which an agent makes traces, too, and sends them to where this process does.
 * None if this process makes no traces, or may not read its environment.
 */
export function telemetryVariables(): Record<string, string> {
  if (telemetry() === undefined) return {};
  try {
    const variables = Object.entries(process.env as Record<string, string>);
    return Object.fromEntries(
      variables.filter(([name]) => name.startsWith("OTEL_") && !OWN.test(name)),
    );
  } catch {
    return {};
  }
}
