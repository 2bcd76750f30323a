/** A task of the {@linkcode NaiveScheduler}. */
interface NaiveTask {
  readonly id: number;
  readonly signal: number | undefined;
}

/**
 * The rules of the scheduler, with arrays, and with tasks that are numbers: {@linkcode start} gives
 * the tasks that start, {@linkcode finish} is told which task has ended.
 */
export class NaiveScheduler {
  readonly #concurrency: number;
  readonly #lanes = new Map<unknown, NaiveTask[]>();
  readonly #running = new Map<number, unknown>();
  /** The lanes that have a task that could start. */
  #ready: unknown[] = [];

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  get waiting(): number {
    return [...this.#lanes.values()].flat().length;
  }

  get running(): number[] {
    return [...this.#running.keys()];
  }

  add(lane: unknown, task: NaiveTask): void {
    const tasks = this.#lanes.get(lane) ?? [];
    this.#lanes.set(lane, [...tasks, task]);
    this.#update();
  }

  /** Gives the tasks that start now. */
  start(): number[] {
    const started: number[] = [];
    while (this.#running.size < this.#concurrency && this.#ready.length > 0) {
      const lane = this.#ready[0];
      const { id } = this.#lanes.get(lane)!.shift()!;
      this.#running.set(id, lane);
      started.push(id);
      this.#update();
    }
    return started;
  }

  finish(id: number): void {
    this.#running.delete(id);
    this.#update();
  }

  /** Takes out the waiting tasks of a signal, or all tasks, and gives them. */
  abort(signal?: number): number[] {
    const removed: number[] = [];
    for (const [lane, tasks] of this.#lanes) {
      const isRemoved = (task: NaiveTask): boolean =>
        signal === undefined || task.signal === signal;
      removed.push(...tasks.filter(isRemoved).map(({ id }) => id));
      this.#lanes.set(lane, tasks.filter((task) => !isRemoved(task)));
    }
    this.#update();
    return removed;
  }

  /** A lane keeps its rank while it could start a task; after that, it goes to the end. */
  #update(): void {
    const busy = [...this.#running.values()];
    const could = [...this.#lanes].filter(([lane, tasks]) =>
      tasks.length > 0 && !busy.includes(lane)
    ).map(([lane]) => lane);
    this.#ready = this.#ready.filter((lane) => could.includes(lane));
    this.#ready.push(...could.filter((lane) => !this.#ready.includes(lane)));
  }
}
