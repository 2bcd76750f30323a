import { type Span, telemetry } from "../../agent/protocol/telemetry.ts";
import { calledFrom } from "../own_frames.ts";
import { RemoteError } from "../remote_error.ts";
import type { Link } from "./link.ts";

/** Who makes the spans. */
const SCOPE = "@chopsticks/chopsticks";

/** Numbers of the OpenTelemetry API. */
const KIND_CLIENT = 2;
const STATUS_ERROR = 2;

/**
 * The message of a `CommandError`, which may be a part of another one's. The command, which is an
 * argument, and what it printed follow.
 */
const COMMAND_FAILURE = /(\bCommand (failed with code \d+|was ended by \w+)): .*/;

/**
 * Does an operation, in a span of its own if there are traces. `work` is called at once.
 *
 * The span has nothing of the arguments: they may be secret.
 */
export function traced<T>(name: string, link: Link, work: () => Promise<T>): Promise<T> {
  const api = telemetry();
  if (api === undefined) return work();
  const { address = link.host, port } = link.core.launch;
  const attributes = {
    "server.address": address,
    ...port !== undefined && { "server.port": port },
  };
  const tracer = api.trace.getTracer(SCOPE);
  return tracer.startActiveSpan(name, { kind: KIND_CLIENT, attributes }, async (span) => {
    try {
      return await work();
    } catch (error) {
      record(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/**
 * Does an operation on files likewise. An error of this library shows the line that called it.
 */
export async function tracedFiles<T>(
  name: string,
  link: Link,
  work: (link: Link) => Promise<T>,
): Promise<T> {
  const { start = new Error() } = link;
  try {
    return await traced(name, link, () => work({ ...link, start }));
  } catch (error) {
    throw calledFrom(error, start);
  }
}

function record(span: Span, error: unknown): void {
  const { name, message, stack } = describe(error);
  span.setAttribute("error.type", name);
  span.setStatus({ code: STATUS_ERROR, message });
  span.recordException({ name, message, stack });
}

/** What a trace tells of an error. The reason of an abort may be anything. */
function describe(error: unknown): { name: string; message: string; stack: string } {
  if (!(error instanceof Error)) {
    return { name: "_OTHER", message: `A value of type ${typeof error} was thrown`, stack: "" };
  }
  const isRemote = error instanceof RemoteError;
  const name = `${isRemote ? error.remoteName : error.name}`;
  // Errors of connections have the argv in their other lines.
  const message = `${error.message}`.split("\n", 1)[0]!.replace(COMMAND_FAILURE, "$1");
  const stack = isRemote && frames(error.remoteStack) || frames(error.stack);
  return { name, message, stack };
}

/** The frames of a stack, without the message. */
function frames(stack: string | null | undefined): string {
  return stack?.split("\n").filter((line) => /^\s+at /.test(line)).join("\n") ?? "";
}
