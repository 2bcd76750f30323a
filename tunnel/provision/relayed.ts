/**
 * A tunnel that is opened at a far end gets the bytes of Deno from the first controller, through
 * all hops: it asks for parts of them as it would for a file, by a URL of its own kind.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type AgentHost, agentHost } from "../../agent/agent_host.ts";
import { isFitVersion } from "../arguments/check_provision.ts";
import type { Runtime, WantedRuntime } from "./runtime.ts";

const SCHEME = "chopsticks-runtime:";

/** The most bytes of one answer. */
export const PART_SIZE: number = 512 * 1024;

/** A far end may ask for so many different ones. Each takes room in the cache folder here. */
const MAX_DIFFERENT = 8;

const PLATFORM = /^(linux|darwin)-(x64|arm64)$/;

/** A Deno from the controller of the agent that this code runs in. */
export async function relayedRuntime(host: AgentHost, wanted: WantedRuntime): Promise<Runtime> {
  const { platform, version } = wanted;
  const ask = async (query: string): Promise<Uint8Array> => {
    const bytes = await host.file(
      `${SCHEME}${platform}?version=${encodeURIComponent(version)}${query}`,
    );
    if (bytes === undefined) throw new Error("the controller has no Deno to give");
    return bytes;
  };
  const { size, sha256, packedSize } = JSON.parse(Buffer.from(await ask("")).toString());
  return {
    ...{ size, sha256, packedSize },
    read: async (isPacked, at, length) =>
      await ask(`&packed=${isPacked ? 1 : 0}&at=${at}&length=${length}`),
  };
}

/** The Deno that is wanted, from here or from the controller of this agent. */
export async function findRuntime(wanted: WantedRuntime, onMove: () => void): Promise<Runtime> {
  const host = agentHost();
  if (host !== undefined && wanted.from === undefined) return await relayedRuntime(host, wanted);
  // Loaded late, because few connections bring something.
  const { ownRuntime } = await import("./own_runtimes.ts");
  return await ownRuntime(wanted, onMove);
}

/** Answers the requests of one far end. */
export class RuntimeRequests {
  readonly #runtimes = new Map<string, Promise<Runtime>>();

  /** Whether it is such a request. */
  static isFor(url: unknown): url is string {
    return typeof url === "string" && url.startsWith(SCHEME);
  }

  /**
   * Answers a request.
   *
   * @throws {TypeError} If the far end may not have this.
   */
  async answer(url: string): Promise<Uint8Array> {
    const { pathname: platform, searchParams } = new URL(url);
    const version = searchParams.get("version") ?? "";
    if (!PLATFORM.test(platform) || !isFitVersion(version)) {
      throw new TypeError("there is no such Deno");
    }
    const runtime = await this.#runtime({ platform, version });
    if (!searchParams.has("at")) {
      const { size, sha256, packedSize } = runtime;
      return Buffer.from(JSON.stringify({ size, sha256, packedSize }));
    }
    const [at, length] = [Number(searchParams.get("at")), Number(searchParams.get("length"))];
    const isPacked = searchParams.get("packed") === "1";
    const all = (isPacked ? runtime.packedSize : runtime.size) ?? 0;
    const isRange = Number.isSafeInteger(at) && Number.isSafeInteger(length) && at >= 0 &&
      length > 0 && length <= PART_SIZE && at + length <= all;
    if (!isRange) throw new TypeError("there is no such part of Deno");
    return await runtime.read(isPacked, at, length);
  }

  #runtime(wanted: WantedRuntime): Promise<Runtime> {
    const key = `${wanted.platform} ${wanted.version}`;
    const asked = this.#runtimes.get(key);
    if (asked !== undefined) return asked;
    if (this.#runtimes.size >= MAX_DIFFERENT) {
      throw new TypeError(`a far end may ask for ${MAX_DIFFERENT} different ones at most`);
    }
    const runtime = findRuntime(wanted, () => {});
    this.#runtimes.set(key, runtime);
    runtime.catch(() => this.#runtimes.delete(key));
    return runtime;
  }
}
