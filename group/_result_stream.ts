import { type Linked, withSignal } from "../tunnel/operation/link.ts";
import { Arrivals } from "./_arrivals.ts";
import { attempts, type Crowd, readiness, type Work } from "./attempts.ts";
import type { ErrorResult } from "./error_result.ts";
import { onEachMember } from "./limits/concurrency.ts";

type Pair<T> = [host: string, result: T | ErrorResult];

/** The results of work on a group, as they arrive. */
export class ResultStream<T> extends Arrivals<Pair<T>> {
  readonly #group: Crowd;
  readonly #prepare: () => Work<Linked, T>;
  /** Ends the work on each host whose result has not been handed out. */
  readonly #enders = new Map<string, AbortController>();

  /** `prepare` may throw; then the first `next()` rejects with what it throws. */
  constructor(group: Crowd, prepare: () => Work<Linked, T>) {
    super();
    this.#group = group;
    this.#prepare = prepare;
  }

  protected override async start(): Promise<() => Promise<void>> {
    const work = this.#prepare();
    await readiness(this.#group, work);
    return () => this.#run(work);
  }

  protected override handedOut([host]: Pair<T>): void {
    this.#enders.delete(host);
  }

  protected override end(): void {
    for (const ender of this.#enders.values()) {
      ender.abort(new Error("The results of the other hosts are not wanted any more"));
    }
    this.#enders.clear();
  }

  async #run(work: Work<Linked, T>): Promise<void> {
    const attempt = attempts(this.#group, work);
    await onEachMember(this.#group, async (member) => {
      if (this.stopped) return;
      const ender = new AbortController();
      this.#enders.set(member.host, ender);
      this.arrive([member.host, await attempt(withSignal(member, ender.signal))]);
    });
  }
}
