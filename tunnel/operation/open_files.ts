import { mostTransfers } from "../../agent/files/descriptors.ts";
import { Limiter } from "./concurrency.ts";
import type { Core, Link } from "./link.ts";

/**
 * The most files that are transferred on one connection at once. Each transfer has its file open at
 * both ends, and takes memory.
 */
const MAX_AT_ONCE = 100;

const limiters = new WeakMap<Core, Limiter>();

/** Bounds the files that are open in this process, for whatever tunnels. */
const inProcess = new Limiter(mostTransfers);

/**
 * Has `work` open files and transfer them, as soon as fewer than 100 transfers are under way on the
 * tunnel, and this process has descriptors for them. `work` must not wait for another transfer: a
 * stream, which may be the result of one, does not come through here.
 */
export async function whileFewAreOpen<T>(link: Link, work: () => Promise<T>): Promise<T> {
  let limiter = limiters.get(link.core);
  if (limiter === undefined) {
    limiter = new Limiter(MAX_AT_ONCE);
    limiters.set(link.core, limiter);
  }
  return await limiter.run(() => inProcess.run(work, link.signal), link.signal);
}
