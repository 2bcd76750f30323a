import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { decodePlain, encodePlain } from "../../codec/plain.ts";
import { ProtocolError } from "../wire/protocol_error.ts";

/** Describes an agent that has started. */
export interface AgentInfo {
  /** The interpreter that runs the agent. */
  readonly runtime: "deno" | "node";
  /** The interpreter's version, such as `2.9.6`. */
  readonly version: string;
  /** The operating system, in the words of `Deno.build.os`, such as `linux`. */
  readonly os: string;
  /** The processor, in the words of `Deno.build.arch`, such as `x86_64`. */
  readonly arch: string;
  /** The agent's process id at the far end. */
  readonly pid: number;
  /** The machine's own name, or `""` if the agent lacks the permission to know it. */
  readonly hostname: string;
}

/** Writes the payload of an agent's HELLO. */
export function encodeAgentInfo(info: AgentInfo): Uint8Array {
  return encodePlain(info);
}

/** Reads the payload of an agent's HELLO. Throws an error if it is something else. */
export function decodeAgentInfo(payload: Uint8Array): AgentInfo {
  const { runtime, version, os, arch, pid, hostname } = decode(payload) as Record<string, unknown>;
  if (
    (runtime !== "deno" && runtime !== "node") || typeof version !== "string" ||
    typeof os !== "string" || typeof arch !== "string" || typeof pid !== "number" ||
    typeof hostname !== "string"
  ) throw new ProtocolError("A HELLO that does not say what the agent is");
  return { runtime, version, os, arch, pid, hostname };
}

/** The first message of a controller to an agent. */
export interface ControllerInfo {
  /** The hosts on the way from the first controller to the agent. */
  readonly path: readonly string[];
  /** The most hosts that may be on the way. */
  readonly depthLimit: number;
  /** URLs of the folders that the agent may ask for files of. */
  readonly serve: readonly string[];
  /** The URL of the script that runs at the first controller, if it is known. */
  readonly main?: string;
}

/** Writes the payload of a controller's HELLO. */
export function encodeControllerInfo(info: ControllerInfo): Uint8Array {
  return encode(info);
}

/** Reads the payload of a controller's HELLO, which the agent trusts; see `Agent`. */
export function decodeControllerInfo(payload: Uint8Array): ControllerInfo {
  return decodePlain(payload) as ControllerInfo;
}
