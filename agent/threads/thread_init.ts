import type { ModuleRecord } from "../protocol/module_record.ts";
import type { SentFile } from "../protocol/sent_file.ts";

/** Has modules that were sent see other exports in a built-in module. */
export type Replace = (id: string, exports: Record<string, unknown>) => void;

/** How a worker of modules that were sent begins. */
export interface ThreadInit {
  /** The URL of the module that it runs. */
  readonly entry: string;
  /** That module and what it imports, directly or not. */
  readonly records: readonly ModuleRecord[];
  /** The files that may be opened by path, if there are any. */
  readonly files: readonly SentFile[] | undefined;
  readonly path: readonly string[];
  readonly depthLimit: number;
  readonly serve: readonly string[];
  /** By which it asks the thread that started it. */
  readonly port: MessagePort;
}

/** The `workerData` of a worker of `node:worker_threads`. */
export interface ThreadData {
  readonly chopsticks: ThreadInit;
  /** What was given as such. */
  readonly data: unknown;
  /** The name of a web worker. */
  readonly webName?: string;
}

/** A question of a worker; behind its number when it is sent. */
export type ThreadQuestion =
  | readonly [kind: "file" | "look", url: string]
  | readonly [kind: "module", specifier: string, referrer: string, type: string | undefined];

/** The answer: the message of an error, or a value and the modules that it refers to. */
export type ThreadAnswer = readonly [
  id: number,
  error: string | undefined,
  value?: unknown,
  records?: readonly ModuleRecord[],
];
