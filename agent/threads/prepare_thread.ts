import { Buffer } from "node:buffer";
import fs from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { agentHost } from "../agent_host.ts";
import { PATHS_MODULE, WORKERS_MODULE } from "../protocol/module_record.ts";
import { SentModules } from "./sent_modules.ts";
import type { ThreadAnswer, ThreadInit, ThreadQuestion } from "./thread_init.ts";

/** What a worker of a module that was sent is started with. */
export interface PreparedThread {
  /** The `data:` URL of the script that loads the module. */
  readonly script: URL;
  readonly init: ThreadInit;
}

/**
 * Prepares a worker.
 *
 * @param target What was given as its script.
 * @returns `undefined` if it is to run as it is: it is on the disk here, or is text.
 */
export function prepareThread(target: unknown): PreparedThread | undefined {
  const entry = urlOf(target);
  if (entry === undefined) return undefined;
  const host = agentHost()!;
  if (host.record(entry) === undefined && isHere(entry)) return undefined;
  const modules = new SentModules(host.record);
  const { port1, port2 } = new MessageChannel();
  const source = host.record(WORKERS_MODULE)!.source as string;
  const { path, depthLimit, serve } = host;
  const init = {
    ...{ entry, path, depthLimit, serve, port: port2 },
    records: [...modules.parts(), ...modules.take(entry)],
    files: host.record(PATHS_MODULE) && host.files(),
  };
  answer(port1, modules);
  const script = new URL(
    `data:text/javascript;base64,${Buffer.from(source).toString("base64")}`,
  );
  return { script, init };
}

/** Answers what the worker asks. */
function answer(port: MessagePort, modules: SentModules): void {
  const host = agentHost()!;
  port.onmessage = async ({ data }: { data: readonly [number, ...ThreadQuestion] }) => {
    const [id, kind, ...rest] = data;
    let answer: ThreadAnswer;
    try {
      if (kind === "module") {
        const [specifier, referrer, type] = rest as [string, string, string | undefined];
        const isKnown = type === undefined && host.record(specifier) !== undefined;
        const value = isKnown ? specifier : await host.ask(specifier, referrer, type);
        answer = [id, undefined, value, [...modules.parts(), ...modules.take(value)]];
      } else answer = [id, undefined, await host[kind](rest[0]!)];
    } catch (error) {
      answer = [id, (error as Error).message];
    }
    port.postMessage(answer);
  };
  (port as { unref?(): void }).unref?.();
}

/** The URL of a worker's script; `undefined` if it is text. */
function urlOf(target: unknown): string | undefined {
  if (typeof target === "string" && target.startsWith("/")) return pathToFileURL(target).href;
  const text = String(target);
  return /^(file|https?):/.test(text) ? new URL(text).href : undefined;
}

function isHere(url: string): boolean {
  try {
    // A file that was sent to be opened by path is not one that a worker here could load.
    return url.startsWith("file:") && fs.existsSync(fileURLToPath(url));
  } catch {
    return false;
  }
}
