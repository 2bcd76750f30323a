import * as processes from "node:child_process";
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { agentHost } from "../agent_host.ts";
import type { Replace } from "./thread_init.ts";

/** Has `child_process.fork` say that a module that was sent is not on the disk here. */
export function refuseForks(replace: Replace): void {
  const fork = (path: string | URL, ...rest: never[]): unknown => {
    const url = path instanceof URL ? path.href : pathToFileURL(path).href;
    if (agentHost()!.record(url) !== undefined && !existsSync(new URL(url))) {
      throw new TypeError(
        `Cannot fork ${path}: it was sent from the controller, and is not on the disk here, where ` +
          "another process would load it; use a worker, or put the program there and start that",
      );
    }
    return processes.fork(path as string, ...rest);
  };
  const all = { ...processes, fork };
  replace("node:child_process", { ...all, default: all });
}
