import { typeError } from "../tunnel/misuse.ts";
import { Limiter } from "../tunnel/operation/concurrency.ts";
import { type Linked, signalOf, withSignal } from "../tunnel/operation/link.ts";
import { Arrivals } from "./_arrivals.ts";
import { attempts, type Crowd, readiness, type Work } from "./attempts.ts";
import { ErrorResult } from "./error_result.ts";

/** How many items that have arrived may wait for the reader. */
const AHEAD = 64;

/** The items of the members' streams, as they arrive. */
export class Followed<T> extends Arrivals<[host: string, item: T | ErrorResult]> {
  readonly #group: Crowd;
  readonly #prepare: () => Work<Linked, unknown>;
  readonly #ender = new AbortController();

  /** `prepare` may throw; then the first `next()` rejects with what it throws. */
  constructor(group: Crowd, prepare: () => Work<Linked, unknown>) {
    super();
    this.#group = group;
    this.#prepare = prepare;
  }

  protected override async start(): Promise<() => Promise<void>> {
    const work = this.#prepare();
    await readiness(this.#group, work);
    return () => this.#run(work);
  }

  protected override end(): void {
    this.#ender.abort(new Error("The streams are not followed any more"));
  }

  async #run(work: Work<Linked, unknown>): Promise<void> {
    const attempt = attempts(this.#group, work);
    // Streams may have no end: only their beginning counts.
    const limiter = new Limiter(this.#group.concurrency);
    await Promise.all(this.#group.tunnels.map(async (member) => {
      const { host } = member;
      const stream = await limiter.run(() => attempt(withSignal(member, this.#ender.signal)));
      if (stream instanceof ErrorResult) return this.arrive([host, stream]);
      try {
        for await (const item of streamOf<T>(stream)) {
          this.arrive([host, item]);
          await this.room(AHEAD);
          if (this.stopped) return;
        }
      } catch (error) {
        const signal = signalOf(member);
        const aborted = signal !== undefined && signal.aborted && signal.reason === error;
        this.arrive([host, new ErrorResult(error, { aborted })]);
      }
    }));
  }
}

/** @throws {TypeError} If a result is no stream. */
function streamOf<T>(result: unknown): AsyncIterable<T> | Iterable<T> {
  const isObject = typeof result === "object" && result !== null;
  if (isObject && (Symbol.asyncIterator in result || Symbol.iterator in result)) {
    return result as AsyncIterable<T>;
  }
  throw typeError(
    "Cannot follow the function: its result is not a stream; use call() or stream() for it",
  );
}
