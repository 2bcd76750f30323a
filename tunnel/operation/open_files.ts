import { Limiter } from "./concurrency.ts";
import type { Core, Link } from "./link.ts";

/**
 * The most files that are transferred on one connection at once. Each transfer has its file open at
 * both ends, and systems do not let a process have many files open.
 */
const MAX_AT_ONCE = 100;

const limiters = new WeakMap<Core, Limiter>();

/**
 * Has `work` open a file and transfer it, as soon as fewer than 100 files are open for the tunnel.
 * `work` must not wait for another transfer: a stream, which may be the result of one, does not
 * come through here.
 */
export async function whileFewAreOpen<T>(link: Link, work: () => Promise<T>): Promise<T> {
  let limiter = limiters.get(link.core);
  if (limiter === undefined) {
    limiter = new Limiter(MAX_AT_ONCE);
    limiters.set(link.core, limiter);
  }
  return await limiter.run(work, link.signal);
}
