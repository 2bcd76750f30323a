import {
  COMMONJS_MODULE,
  type ModuleRecord,
  NO_MODULE,
  PATHS_MODULE,
  WORKERS_MODULE,
} from "../protocol/module_record.ts";

/** Tells one worker of modules, each of them once. */
export class SentModules {
  readonly #record: (id: string) => ModuleRecord | undefined;
  readonly #told = new Set<string>();

  constructor(record: (id: string) => ModuleRecord | undefined) {
    this.#record = record;
  }

  /** The agent's own parts that have been sent and that a worker has not been told of yet. */
  parts(): ModuleRecord[] {
    return [WORKERS_MODULE, PATHS_MODULE, COMMONJS_MODULE].flatMap((id) => this.take(id));
  }

  /** What a worker has not been told yet of a module and all that it imports. */
  take(id: string): ModuleRecord[] {
    const taken: ModuleRecord[] = [];
    const left = [id];
    for (let next; (next = left.pop()) !== undefined;) {
      if (next === NO_MODULE || this.#told.has(next)) continue;
      const record = this.#record(next);
      if (record === undefined) continue;
      this.#told.add(next);
      taken.push(record);
      left.push(...Object.values(record.imports), ...Object.values(record.requires ?? {}));
    }
    return taken;
  }
}
