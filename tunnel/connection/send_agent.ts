import { Buffer } from "node:buffer";
import { brotliDecompressSync } from "node:zlib";
import { BUNDLE } from "../../agent/_bundle.ts";
import type { Pipe } from "../../agent/wire/multiplexer.ts";
import type { AgentConnectionOptions } from "./agent_connection_options.ts";
import { bootstrapLine, type BootstrapOptions } from "./bootstrap.ts";

/** Where an agent is sent. */
export interface AgentWay {
  /** Marks the lines of the shell at the far end. */
  readonly marker: string;
  /** The pipe to the shell. */
  readonly shell: Pipe;
  /** The pipe to the agent, which the shell starts. */
  readonly agent: Pipe;
  /** The interpreter that may be brought along. */
  readonly brought: BootstrapOptions["brought"];
}

/**
 * The longest time between the far end's signs of life, in milliseconds. So long may an agent that
 * does not read outlive this process.
 */
const MAX_SIGN_INTERVAL = 1_000;

let compressed: Uint8Array | undefined;
let plain: Uint8Array | undefined;

/** Sends the script that starts an agent, and the agent. */
export function sendAgent(
  options: Omit<AgentConnectionOptions, "host">,
  { marker, shell, agent, brought }: AgentWay,
): void {
  const { bootstrap, cancelCommand, connectTimeout, detached, outOfReach } = options;
  const line = bootstrapLine({
    ...bootstrap,
    marker,
    connectTimeout,
    signInterval: signInterval(options.keepAlive),
    // What has a command of its own to be ended by, such as a job, ends all that is left itself.
    killGroup: cancelCommand === undefined && (!detached || outOfReach),
    brought,
  });
  const bytes = agentBytes(options.isLocal);
  if (shell === agent) {
    agent.write([Buffer.from(line), bytes]);
  } else {
    shell.write([Buffer.from(line)]);
    agent.write([bytes]);
  }
}

/** Milliseconds between the far end's signs of life: at least two come in an interval of pings. */
export function signInterval(keepAlive: number): number {
  return keepAlive === 0 ? MAX_SIGN_INTERVAL : Math.min(MAX_SIGN_INTERVAL, keepAlive / 2);
}

/**
 * The agent as the first stage reads it: a head that says whether the agent is plain, and its size,
 * and then the agent, compressed with Brotli unless it is plain.
 */
function agentBytes(isPlain: boolean): Uint8Array {
  if (isPlain) {
    return plain ??= withHead(true, brotliDecompressSync(Buffer.from(BUNDLE, "base64")));
  }
  return compressed ??= withHead(false, Buffer.from(BUNDLE, "base64"));
}

function withHead(isPlain: boolean, bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes.length);
  head[0] = Number(isPlain);
  return Buffer.concat([head, bytes]);
}
