import { setImmediate } from "node:timers";
import type { Scheduler, Task } from "../../queue/scheduler.ts";
import { soon } from "../tunnel/_deadline.ts";

/** Waits until no promise has anything left to do. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A task that writes down when it starts and ends, a turn later. */
export function logging(log: string[], name: string): Task<string> {
  return async () => {
    log.push(`${name} starts`);
    await turn();
    log.push(`${name} ends`);
    return name;
  };
}

/** Runs a scheduler that is expected to come to an end. */
export async function run(scheduler: Scheduler, signal?: AbortSignal): Promise<void> {
  await soon(scheduler.run(signal === undefined ? {} : { signal }), "run()");
}
