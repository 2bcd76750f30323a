import type { AgentInfo } from "../agent/protocol/hello.ts";
import { type Attempt, attempts, outcome, type Work, workOf } from "../group/attempts.ts";
import { ErrorResult } from "../group/error_result.ts";
import { Group } from "../group/group.ts";
import { GroupResult } from "../group/group_result.ts";
import { callOn, fetchDirOn, fetchOn, putOn, type TargetHosts } from "../group/target.ts";
import { checkKeys, checkPlain } from "../tunnel/arguments/check.ts";
import { BaseTunnel } from "../tunnel/base_tunnel.ts";
import type {
  Fetched,
  FetchOptions,
  FetchTarget,
  PutOptions,
  PutResult,
  PutSource,
  SyncOptions,
  SyncResult,
} from "../tunnel/file_options.ts";
import { typeError } from "../tunnel/misuse.ts";
import { prepareConnect } from "../tunnel/operation/connect.ts";
import { type Linked, withSignal } from "../tunnel/operation/link.ts";
import type { Operation } from "../tunnel/operation/operation.ts";
import { prepareSync } from "../tunnel/operation/sync.ts";
import type { ArgsIfChanged, Received } from "../tunnel/received.ts";
import { anySignal } from "../tunnel/session/abort_signal.ts";
import { checkWithOptions, type WithOptions } from "../tunnel/tunnel_options.ts";
import { visible } from "../tunnel/visible.ts";
import { AsyncResult, type Completion } from "./async_result.ts";
import { Scheduler } from "./scheduler.ts";

/** Options for {@linkcode Queue}. */
export interface QueueOptions {
  /**
   * How many hosts are worked on at a time, a positive integer or `Infinity`. If there are more,
   * they take turns, an operation each. The `concurrency` of a group does not count in a queue.
   *
   * @default {100}
   */
  readonly concurrency?: number | undefined;
}

/** The tunnel or group that an operation in a queue is for. */
export type QueueTarget = BaseTunnel | Group;

/**
 * The result of an operation that gives a `V` on each host: for a group a `GroupResult`, for a
 * tunnel the `V` or, if it failed, an `ErrorResult`.
 */
export type Outcome<T extends QueueTarget, V> = T extends Group ? GroupResult<V> : V | ErrorResult;

/** The defaults of {@linkcode QueueOptions}. */
const DEFAULTS: { readonly concurrency: number } = { concurrency: 100 };

/** The state that a queue and its views share. */
interface Shared {
  readonly scheduler: Scheduler;
  /** The errors of operations that were wrong themselves, since the last run ended. */
  readonly faults: unknown[];
  /** The promise that `run()` gives for each run of the scheduler. */
  readonly runs: WeakMap<Promise<void>, Promise<void>>;
}

/**
 * Different operations on many hosts. The operations of one host are done one after the other, in
 * the order in which they were put in, even if they use different tunnels to it; all hosts are
 * worked on side by side. No host waits for another, as the members of a group do after each
 * operation.
 *
 * Each method returns an {@linkcode AsyncResult} at once; {@linkcode Queue.prototype.run | run}
 * does the work. A queue that is never run does nothing, without a warning.
 *
 * The arguments and options of an operation are read once, when it is put in. If a driver overrides
 * methods such as `put`, a queue does not call them: it works on the connection itself.
 *
 * @example
 * ```ts
 * import { Group, Local, Queue } from "@chopsticks/chopsticks";
 *
 * await using group = new Group([new Local("a"), new Local("b")]);
 * const queue = new Queue();
 * for (const ms of [100, 200]) {
 *   queue.call(group, (ms) => new Promise((resolve) => setTimeout(resolve, ms)), ms);
 * }
 * const ends = queue.call(group, Date.now);
 * await queue.run();
 * console.log(ends.value);
 * ```
 */
export class Queue {
  #shared: Shared;
  /** The options of each task, and of a run. */
  #options: WithOptions = {};

  /**
   * Makes a queue without operations.
   *
   * @param options How many hosts at a time. Default: `{}`.
   * @throws {TypeError} If an option has an unknown name.
   * @throws {RangeError} If `concurrency` is neither a positive integer nor `Infinity`.
   */
  constructor(options: QueueOptions = {}) {
    checkPlain(options);
    checkKeys(options, "concurrency");
    const { concurrency = DEFAULTS.concurrency } = options;
    this.#shared = { scheduler: new Scheduler({ concurrency }), faults: [], runs: new WeakMap() };
  }

  /** Puts in a call whose result arrives as another type: see {@linkcode Received}. */
  call<T extends QueueTarget, A extends unknown[], R>(
    target: T,
    fn: (this: void, ...args: A) => R,
    ...args: ArgsIfChanged<A, R>
  ): AsyncResult<Outcome<T, Received<R>>>;
  /**
   * Puts a call in. `fn`, the variables that it uses and the arguments are sent as they are now,
   * not as they are when its turn comes. If something cannot be sent, the run rejects.
   *
   * @param target A tunnel or a group.
   * @param fn Any function.
   * @param args What to call it with.
   * @throws {TypeError} If the target is neither a tunnel nor a group, or if `fn` is not a
   * function.
   */
  call<T extends QueueTarget, A extends unknown[], R>(
    target: T,
    fn: (this: void, ...args: A) => R,
    ...args: A
  ): AsyncResult<Outcome<T, Awaited<R>>>;
  call<T extends QueueTarget, A extends unknown[], R>(
    target: T,
    fn: (this: void, ...args: A) => R,
    ...args: A
  ): AsyncResult<Outcome<T, Awaited<R>>> {
    const name = typeof fn === "function" ? fn.name : "";
    return this.#add(`call(${name})`, target, (hosts) => callOn(hosts, fn, args));
  }

  /**
   * Puts connecting in. Every operation connects if need be; this shows early who is there.
   *
   * @param target A tunnel or a group.
   * @returns What the agents tell of themselves.
   * @throws {TypeError} If the target is neither a tunnel nor a group.
   */
  connect<T extends QueueTarget>(target: T): AsyncResult<Outcome<T, AgentInfo>> {
    return this.#add("connect()", target, () => prepareConnect());
  }

  /**
   * Puts in the writing of a file at the far end. The contents are read when its turn comes.
   *
   * @param target A tunnel or a group.
   * @param source A path or `file:` URL, or the contents.
   * @param remotePath The path there. Without it, a temporary file is made.
   * @param options Mode, progress, cancellation, and whether only to say what changes. Default:
   * `{}`.
   * @throws {TypeError} If an argument or an option is of the wrong type, or if several hosts would
   * read one stream.
   * @throws {RangeError} If the mode is not one.
   *
   * @example
   * ```ts
   * import { Group, Local, Queue } from "@chopsticks/chopsticks";
   *
   * await using group = new Group([new Local("a"), new Local("b")]);
   * const folder = await Deno.makeTempDir();
   * const queue = new Queue();
   * for (const name of ["a.txt", "b.txt", "c.txt"]) {
   *   queue.put(group, { text: name }, `${folder}/${name}`);
   * }
   * await queue.run();
   * await Deno.remove(folder, { recursive: true });
   * ```
   */
  put<T extends QueueTarget>(
    target: T,
    source: PutSource,
    remotePath?: string | URL,
    options: PutOptions = {},
  ): AsyncResult<Outcome<T, PutResult>> {
    return this.#add("put()", target, (hosts) => putOn(hosts, source, remotePath, options));
  }

  /**
   * Puts in the reading of a file at the far end.
   *
   * @param target A tunnel or a group.
   * @param remotePath The path there.
   * @param localPath The path here, a stream, or `null` for the memory. For a group it is a
   * template such as `passwd-{host}`. Without it, a temporary file is made.
   * @param options Progress and cancellation. Default: `{}`.
   * @throws {TypeError} If an argument or an option is of the wrong type, or if several hosts would
   * write to one path or stream.
   */
  fetch<T extends QueueTarget, To extends FetchTarget | undefined = undefined>(
    target: T,
    remotePath: string | URL,
    localPath?: To,
    options: FetchOptions = {},
  ): AsyncResult<Outcome<T, Fetched<To>>> {
    return this.#add(
      "fetch()",
      target,
      (hosts) => fetchOn(hosts, remotePath, localPath, options) as Operation<Fetched<To>>,
    );
  }

  /**
   * Puts in that a folder at the far end is to become the same as one here.
   *
   * @param target A tunnel or a group.
   * @param localDir The folder here.
   * @param remoteDir The folder there.
   * @param options What to leave alone, how to compare, whether to remove. Default: `{}`.
   * @throws {TypeError} If an argument or an option is of the wrong type.
   */
  sync<T extends QueueTarget>(
    target: T,
    localDir: string | URL,
    remoteDir: string | URL,
    options: SyncOptions = {},
  ): AsyncResult<Outcome<T, SyncResult>> {
    return this.#add("sync()", target, () => prepareSync(localDir, remoteDir, options));
  }

  /**
   * Puts in that a folder here is to become the same as one at the far end.
   *
   * @param target A tunnel or a group.
   * @param remoteDir The folder there.
   * @param localDir The folder here. For a group it is a template such as `logs/{host}`.
   * @param options What to leave alone, how to compare, whether to remove. Default: `{}`.
   * @throws {TypeError} If an argument or an option is of the wrong type, or if several hosts would
   * write to one folder.
   */
  fetchDir<T extends QueueTarget>(
    target: T,
    remoteDir: string | URL,
    localDir: string | URL,
    options: SyncOptions = {},
  ): AsyncResult<Outcome<T, SyncResult>> {
    return this.#add(
      "fetchDir()",
      target,
      (hosts) => fetchDirOn(hosts, remoteDir, localDir, options),
    );
  }

  /**
   * A view of the same queue, whose operations are also ended by a signal: those that wait are not
   * begun, and their results have the signal's reason. If {@linkcode Queue.prototype.run | run} is
   * called on the view, the signal ends all that is in the queue.
   *
   * @param options The signal.
   * @throws {TypeError} If an option is of the wrong type.
   *
   * @example At most a minute for all of it
   * ```ts
   * import { Local, Queue } from "@chopsticks/chopsticks";
   *
   * await using tun = new Local();
   * const queue = new Queue();
   * queue.call(tun, Date.now).withCallback(console.log);
   * await queue.with({ signal: AbortSignal.timeout(60_000) }).run();
   * ```
   */
  with(options: WithOptions): Queue {
    checkWithOptions(options);
    const { signal } = options;
    if (signal === undefined) return this;
    const view = new Queue();
    view.#shared = this.#shared;
    view.#options = { signal: anySignal(this.#options.signal, signal)! };
    return view;
  }

  /**
   * Does everything that is in the queue, and what callbacks put in meanwhile. Afterwards the queue
   * is empty, and can be used again. If it is running already, this waits for the same run; a
   * callback must not do that, because the run waits for the callback.
   *
   * Failures of hosts are in the results. This rejects only if something is wrong with an operation
   * itself, such as a function that cannot be sent, after all others have been done; or with the
   * reason of the signal that {@linkcode Queue.prototype.with | with} was given, when the
   * operations that were running have ended.
   */
  run(): Promise<void> {
    const { scheduler, runs } = this.#shared;
    const run = scheduler.run(this.#options);
    let end = runs.get(run);
    if (end === undefined) {
      end = this.#end(run);
      runs.set(run, end);
    }
    return end;
  }

  async #end(run: Promise<void>): Promise<void> {
    const { faults } = this.#shared;
    try {
      await run;
      if (faults.length > 0) throw faults[0];
    } finally {
      faults.length = 0;
    }
  }

  #add<T extends QueueTarget, V>(
    method: string,
    target: T,
    prepare: (hosts: TargetHosts) => Operation<V>,
  ): AsyncResult<Outcome<T, V>> {
    const group = target instanceof Group ? target : undefined;
    if (group === undefined && !(target instanceof BaseTunnel)) {
      const shown = typeof target === "string" ? JSON.stringify(target) : String(target);
      throw typeError(`Cannot queue ${method} for ${shown}: expected a tunnel or a Group`);
    }
    const tunnels: readonly Linked[] = group?.tunnels ?? [target as BaseTunnel];
    const work = workOf(prepare(group?.hosts));
    const attempt: Attempt<Linked, V> = group === undefined
      ? (tunnel) => outcome(work, tunnel)
      : attempts(group, work);
    const { scheduler } = this.#shared;
    const hosts = group === undefined ? tunnels[0]!.host : `${group.size} hosts`;
    const options = {
      what: visible(`${method} on ${hosts}`),
      waitUntil: (promise: Promise<void>) => scheduler.waitUntil(promise),
    };
    return new AsyncResult<unknown>(options, ({ complete, fail }) => {
      const results: (V | ErrorResult)[] = [];
      let left = tunnels.length;
      const gather = (): void =>
        complete(
          group === undefined
            ? results[0]
            : new GroupResult(tunnels.map(({ host }, i) => [host, results[i]!])),
        );
      for (const [i, tunnel] of tunnels.entries()) {
        const completeOne = (result: V | ErrorResult): void => {
          results[i] = result;
          if (--left === 0) gather();
        };
        const task = this.#task(work, attempt, tunnel, { complete: completeOne, fail });
        scheduler.add(tunnel.host, task, this.#options)
          .catch((reason) =>
            completeOne(new ErrorResult(reason, { aborted: true, skipped: true }))
          );
      }
      // The result of an empty group, too, is not there before the run.
      if (left === 0) scheduler.add(gather, gather);
    }) as AsyncResult<Outcome<T, V>>;
  }

  /** The task that does work on one tunnel, in its turn. Its promise never rejects. */
  #task<V>(
    { ready }: Work<Linked, V>,
    attempt: Attempt<Linked, V>,
    tunnel: Linked,
    { complete, fail }: Completion<V | ErrorResult>,
  ): (signal: AbortSignal) => Promise<void> {
    return async (signal) => {
      try {
        await ready;
      } catch (error) {
        this.#shared.faults.push(error);
        fail(error);
        return;
      }
      complete(await attempt(withSignal(tunnel, signal)));
    };
  }
}
