/**
 * Runs tasks in lanes: the tasks of one lane one after the other, all lanes side by side. It knows
 * nothing of tunnels, and imports nothing, so that it can be copied and used alone as one file.
 *
 * @example
 * ```ts
 * import { Scheduler } from "@chopsticks/chopsticks/scheduler";
 *
 * const scheduler = new Scheduler({ concurrency: 10 });
 * const install = scheduler.add("web1", () => "installed");
 * const restart = scheduler.add("web1", () => "restarted"); // after the first
 * scheduler.add("web2", () => "installed"); // meanwhile
 * await scheduler.run();
 * console.log(await install, await restart);
 * ```
 *
 * @module
 */

/** Something to do. The signal aborts when the task, or the whole run, is not wanted any more. */
export type Task<T> = (signal: AbortSignal) => T | PromiseLike<T>;

/** Options for {@linkcode Scheduler}. */
export interface SchedulerOptions {
  /**
   * The most tasks that run at once, over all lanes: a positive integer or `Infinity`. If more
   * lanes have tasks, the lanes take turns, a task each.
   *
   * @default {Infinity}
   */
  readonly concurrency?: number | undefined;
}

/** Options for {@linkcode Scheduler.prototype.add | Scheduler.add}. */
export interface AddOptions {
  /**
   * Takes the task out of its lane: then it never starts, and its promise rejects with the signal's
   * reason. If the task runs already, the signal that it was given aborts.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Options for {@linkcode Scheduler.prototype.run | Scheduler.run}. */
export interface RunOptions {
  /**
   * Ends the run: tasks that have not started never do, and reject with the signal's reason; so do
   * tasks that are added before the run is over. For tasks that run, the signal that they were
   * given aborts, and the run waits for them.
   */
  readonly signal?: AbortSignal | undefined;
}

/** The defaults of {@linkcode SchedulerOptions}. */
const DEFAULTS: { readonly concurrency: number } = { concurrency: Infinity };

/**
 * Tasks in lanes. In each lane one task runs at a time; all lanes run side by side. If there is a
 * limit to that, lanes take turns, however many tasks each has.
 *
 * A task that throws or rejects does not stop its lane: only the promise of that task rejects.
 *
 * @example A failure stops nothing else
 * ```ts
 * import { Scheduler } from "@chopsticks/chopsticks/scheduler";
 *
 * const scheduler = new Scheduler();
 * const results = ["a", "b"].map((lane) =>
 *   scheduler.add(lane, () => {
 *     if (lane === "a") throw new Error("not today");
 *     return lane;
 *   })
 * );
 * await scheduler.run();
 * for (const { status } of await Promise.allSettled(results)) console.log(status);
 * ```
 */
export class Scheduler {
  readonly #concurrency: number;
  /** Lanes that have a task, waiting or running. Others are forgotten, to cost no memory. */
  readonly #lanes = new Map<unknown, Lane>();
  /** The lanes in which a task could start, in the order of their turns. */
  readonly #ready = new Row<Lane>();
  /** The waiting tasks that each signal would take out. */
  readonly #watches = new Map<AbortSignal, Watch>();
  #run: Run | undefined;
  #waiting = 0;
  #running = 0;
  /** How many promises of `waitUntil()` have not settled. */
  #held = 0;

  /**
   * Makes a scheduler without tasks.
   *
   * @param options How many tasks at once. Default: `{}`.
   * @throws {RangeError} If `concurrency` is neither a positive integer nor `Infinity`.
   */
  constructor(options: SchedulerOptions = {}) {
    const { concurrency = DEFAULTS.concurrency } = options;
    if (!(Number.isInteger(concurrency) && concurrency > 0) && concurrency !== Infinity) {
      throw new RangeError(
        `concurrency is ${shown(concurrency)}: expected a positive integer or Infinity`,
      );
    }
    this.#concurrency = concurrency;
  }

  /** How many tasks have not started. */
  get waiting(): number {
    return this.#waiting;
  }

  /** How many tasks are running. */
  get running(): number {
    return this.#running;
  }

  /**
   * Adds a task at the end of a lane. This does not start the task; but a
   * {@linkcode Scheduler.prototype.run | run} that is under way also works on tasks that are added
   * meanwhile.
   *
   * Because results are often looked at only after the run, a promise that rejects before anybody
   * listens raises no `unhandledrejection`: a failure that nobody asks for is not reported.
   *
   * @param lane The name of the lane: any value, compared as the keys of a `Map`.
   * @param task What to do.
   * @param options A signal that takes the task out again. Default: `{}`.
   * @returns What the task returns. It rejects with what the task throws, or, if a signal kept the
   * task from starting, with the signal's reason.
   * @throws {TypeError} If `task` is not a function, or `signal` is not an `AbortSignal`.
   *
   * @example A task that is not wanted any more
   * ```ts
   * import { Scheduler } from "@chopsticks/chopsticks/scheduler";
   *
   * const scheduler = new Scheduler();
   * const late = scheduler.add("web1", (signal) => fetch("https://example.com", { signal }), {
   *   signal: AbortSignal.abort("too late"),
   * });
   * await scheduler.run();
   * console.log(await late.catch((reason) => reason)); // too late
   * ```
   */
  add<T>(lane: unknown, task: Task<T>, options: AddOptions = {}): Promise<T> {
    if (typeof task !== "function") {
      throw new TypeError(`Cannot add ${String(task)}: it is not a function`);
    }
    const { signal } = options;
    checkSignal(signal);
    if (signal?.aborted) return rejected(signal.reason);
    const job = new Job(this.#laneOf(lane), task, signal);
    this.#push(job);
    return job.promise as Promise<T>;
  }

  /**
   * Works until no task is left, including tasks that are added meanwhile: by other tasks, or by
   * code that waits for their promises. If there is no task, it ends at once. Afterwards, there can
   * be another run.
   *
   * While a run is under way, another call joins it: it gives the same promise, and its signal ends
   * the same run. A task must not wait for the run that it is part of, because the run waits for
   * it.
   *
   * @param options A signal that ends the run. Default: `{}`.
   * @returns Nothing: the promises of the tasks tell how they ended. It rejects only if a signal
   * ended the run, with the signal's reason, as soon as no task is running.
   * @throws {TypeError} If `signal` is not an `AbortSignal`.
   *
   * @example At most a minute
   * ```ts
   * import { Scheduler } from "@chopsticks/chopsticks/scheduler";
   *
   * const scheduler = new Scheduler();
   * scheduler.add("web1", () => console.log("done"));
   * await scheduler.run({ signal: AbortSignal.timeout(60_000) });
   * ```
   */
  run(options: RunOptions = {}): Promise<void> {
    const { signal } = options;
    checkSignal(signal);
    this.#run ??= new Run();
    if (signal !== undefined) this.#endBy(signal, this.#run);
    this.#startLater();
    return this.#run.promise;
  }

  /**
   * Keeps {@linkcode Scheduler.prototype.run | run} from ending before a promise settles, either
   * way: for work that goes on beside the tasks and may add tasks. Unlike a task, it does not count
   * for the limit, so it may wait for tasks itself.
   *
   * @param promise What to wait for. If it rejects, others must handle that.
   * @throws {TypeError} If `promise` is not a promise.
   *
   * @example
   * ```ts
   * import { Scheduler } from "@chopsticks/chopsticks/scheduler";
   *
   * const scheduler = new Scheduler({ concurrency: 1 });
   * scheduler.waitUntil((async () => {
   *   const version = await scheduler.add("web1", () => 2);
   *   scheduler.add("web2", () => console.log(version));
   * })());
   * await scheduler.run(); // prints 2
   * ```
   */
  waitUntil(promise: PromiseLike<unknown>): void {
    if (typeof promise?.then !== "function") {
      throw new TypeError(`Cannot wait for ${String(promise)}: it is not a promise`);
    }
    this.#held++;
    const onSettled = (): void => {
      this.#held--;
      if (this.#run !== undefined) this.#endWhenIdle(this.#run);
    };
    promise.then(onSettled, onSettled);
  }

  /** Whether there is nothing for a run to wait for. */
  get #isIdle(): boolean {
    return this.#waiting === 0 && this.#running === 0 && this.#held === 0;
  }

  #laneOf(name: unknown): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = new Lane(name);
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  #push(job: Job): void {
    const { lane, signal } = job;
    if (signal !== undefined) this.#watch(job, signal);
    if (lane.isIdle) this.#ready.push(lane);
    lane.jobs.push(job);
    this.#waiting++;
    this.#startLater();
  }

  /**
   * Starts the tasks that can start, but not before the caller of `add()` or `run()` has its
   * promise.
   */
  #startLater(): void {
    const run = this.#run;
    if (run === undefined || run.isStarting) return;
    run.isStarting = true;
    queueMicrotask(() => {
      run.isStarting = false;
      this.#start(run);
    });
  }

  #start(run: Run): void {
    for (let job; (job = this.#next(run)) !== undefined;) void this.#work(job, run);
    this.#endWhenIdle(run);
  }

  /** Takes the next task that can start. */
  #next(run: Run): Job | undefined {
    if (run.controller.signal.aborted || this.#running >= this.#concurrency) return undefined;
    const lane = this.#ready.shift();
    if (lane === undefined) return undefined;
    const job = lane.jobs.shift()!;
    this.#waiting--;
    this.#running++;
    lane.isBusy = true;
    this.#unwatch(job);
    return job;
  }

  /** Performs a task, and goes on with the next ones, which costs less than to begin anew. */
  async #work(first: Job, run: Run): Promise<void> {
    for (let job: Job | undefined = first; job !== undefined; job = this.#next(run)) {
      const { lane, task, signal } = job;
      try {
        job.resolve(await task(run.signalWith(signal)));
      } catch (error) {
        job.reject(error);
      }
      // One turn later than the promise: code that waits for it may abort, or add a task, before
      // the lane goes on.
      await undefined;
      this.#running--;
      lane.isBusy = false;
      if (lane.jobs.first === undefined) this.#lanes.delete(lane.name);
      else this.#ready.push(lane);
    }
    this.#start(run);
  }

  /**
   * Ends a run if there is nothing left to wait for. The timer comes after everything that promises
   * set off, however long the chain, so code that waits for a result can still add a task.
   */
  #endWhenIdle(run: Run): void {
    const { signal } = run.controller;
    if (!this.#isIdle && !signal.aborted) return;
    run.timer ??= setTimeout(() => {
      run.timer = undefined;
      // Tasks may have been added since the abort. They cannot stay for another run, because a task
      // that runs may wait for them.
      if (signal.aborted) this.#clear(signal.reason);
      if (!this.#isIdle) return;
      this.#run = undefined;
      run.end();
    }, 0);
  }

  /** Has `signal` end the run. */
  #endBy(signal: AbortSignal, run: Run): void {
    if (run.endings.has(signal)) return;
    const onAbort = (): void => {
      run.controller.abort(signal.reason);
      this.#clear(signal.reason);
    };
    if (signal.aborted) return onAbort();
    run.endings.set(signal, onAbort);
    signal.addEventListener("abort", onAbort, { once: true });
  }

  /** Takes all tasks out that have not started. */
  #clear(reason: unknown): void {
    for (const lane of this.#lanes.values()) {
      for (let job; (job = lane.jobs.first) !== undefined;) this.#remove(job, reason);
    }
  }

  /** Takes a task out that has not started. */
  #remove(job: Job, reason: unknown): void {
    const { lane } = job;
    this.#unwatch(job);
    lane.jobs.remove(job);
    this.#waiting--;
    if (lane.isIdle) {
      this.#ready.remove(lane);
      this.#lanes.delete(lane.name);
    }
    job.reject(reason);
  }

  /**
   * One listener for all tasks of a signal: to add or remove a listener, a signal looks through all
   * listeners that it has.
   */
  #watch(job: Job, signal: AbortSignal): void {
    let watch = this.#watches.get(signal);
    if (watch === undefined) {
      const jobs = new Set<Job>();
      const onAbort = (): void => {
        for (const job of jobs) this.#remove(job, signal.reason);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      watch = { jobs, onAbort };
      this.#watches.set(signal, watch);
    }
    watch.jobs.add(job);
  }

  #unwatch(job: Job): void {
    const { signal } = job;
    if (signal === undefined) return;
    const { jobs, onAbort } = this.#watches.get(signal)!;
    jobs.delete(job);
    if (jobs.size > 0) return;
    this.#watches.delete(signal);
    signal.removeEventListener("abort", onAbort);
  }
}

/** A run that is under way. */
class Run {
  readonly promise: Promise<void>;
  /** Aborts when a signal has ended the run. */
  readonly controller: AbortController = new AbortController();
  /** The listeners of the signals that may end the run. */
  readonly endings: Map<AbortSignal, () => void> = new Map();
  readonly #joint = new WeakMap<AbortSignal, AbortSignal>();
  /** Whether tasks are about to start. */
  isStarting = false;
  /** Whether the run is about to end. */
  timer: ReturnType<typeof setTimeout> | undefined;
  #resolve!: () => void;
  #reject!: (reason: unknown) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The signal for a task that has one of its own. */
  signalWith(own: AbortSignal | undefined): AbortSignal {
    const { signal } = this.controller;
    if (own === undefined) return signal;
    let joint = this.#joint.get(own);
    if (joint === undefined) {
      joint = anySignal(signal, own);
      this.#joint.set(own, joint);
    }
    return joint;
  }

  end(): void {
    for (const [signal, onAbort] of this.endings) signal.removeEventListener("abort", onAbort);
    const { signal } = this.controller;
    if (signal.aborted) this.#reject(signal.reason);
    else this.#resolve();
  }
}

/** The waiting tasks that a signal takes out. */
interface Watch {
  readonly jobs: Set<Job>;
  onAbort(): void;
}

/** An item of a {@linkcode Row}. It can be in only one at a time. */
interface Linked<T> {
  previous: T | undefined;
  next: T | undefined;
}

/** A task in its lane, and the promise of its result. */
class Job implements Linked<Job> {
  previous: Job | undefined;
  next: Job | undefined;
  readonly lane: Lane;
  readonly task: Task<unknown>;
  readonly signal: AbortSignal | undefined;
  readonly promise: Promise<unknown>;
  resolve!: (value: unknown) => void;
  #reject!: (reason: unknown) => void;

  constructor(lane: Lane, task: Task<unknown>, signal: AbortSignal | undefined) {
    this.lane = lane;
    this.task = task;
    this.signal = signal;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.#reject = reject;
    });
  }

  /**
   * Rejects the promise, and counts as somebody who handles that. A handler for each promise that
   * may reject would take as much memory as the promise itself.
   */
  reject(reason: unknown): void {
    this.#reject(reason);
    this.promise.catch(ignore);
  }
}

/** The tasks of one lane. */
class Lane implements Linked<Lane> {
  previous: Lane | undefined;
  next: Lane | undefined;
  readonly name: unknown;
  readonly jobs: Row<Job> = new Row<Job>();
  /** Whether one of its tasks is running. */
  isBusy = false;

  constructor(name: unknown) {
    this.name = name;
  }

  /** Whether it has no task, neither waiting nor running. */
  get isIdle(): boolean {
    return !this.isBusy && this.jobs.first === undefined;
  }
}

/** A linked list. Adding an item at its end and removing any item take constant time. */
class Row<T extends Linked<T>> {
  #last: T | undefined;
  first: T | undefined;

  push(item: T): void {
    item.previous = this.#last;
    if (this.#last === undefined) this.first = item;
    else this.#last.next = item;
    this.#last = item;
  }

  /** Removes the first item. */
  shift(): T | undefined {
    const { first } = this;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Removes an item that is in the row. */
  remove(item: T): void {
    const { previous, next } = item;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    item.previous = undefined;
    item.next = undefined;
  }
}

/** A promise that rejects, which nobody has to handle. */
function rejected(reason: unknown): Promise<never> {
  const promise = Promise.reject(reason);
  promise.catch(ignore);
  return promise;
}

function ignore(): void {}

// The following functions are also in tunnel/arguments/ and in tunnel/session/abort_signal.ts. They
// are repeated on purpose, because this file imports nothing.

/** A value as an error names it. Quotes show that a string is one. */
function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** @throws {TypeError} If `signal` is given and is not an `AbortSignal`. */
function checkSignal(signal: AbortSignal | undefined): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`signal is ${shown(signal)}: expected an AbortSignal`);
  }
}

/** `AbortSignal.any`, which Node has only since version 20. */
function anySignal(...signals: AbortSignal[]): AbortSignal {
  if ("any" in AbortSignal) return AbortSignal.any(signals);
  const controller = new AbortController();
  for (const signal of signals) {
    const abort = (): void => controller.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { signal: controller.signal });
  }
  return controller.signal;
}
