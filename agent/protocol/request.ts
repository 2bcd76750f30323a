/**
 * What the header of an opened channel asks for: an array, of which the first
 * element is the kind. Each kind's messages are given with it.
 *
 * @module
 */

import type { Code } from "./handle.ts";
import type { ModuleRecord } from "./module_record.ts";

/** Kinds of request. */
export const Request = {
  /**
   * Controller to agent, one channel for the connection, ahead of the calls that need what it carries:
   * each message is a {@linkcode Batch}, encoded and compressed with raw deflate.
   */
  BATCHES: 0,
  /**
   * Controller to agent: `[CALL, batches, function, code, attachments]`. `batches` is how many batches have to be in
   * before the call can be made. Where `code` is `null`, the message is the array of arguments; there
   * is none when there are no arguments. Otherwise it is the number of the code that the values refer to,
   * counted over all batches, and the message is `[function, arguments, captured, ...properties]` with handles:
   * the function is `null` if the header says it, `captured` has the values of the variables of each unit, and
   * a property is `[owner, whether it is of the owner's prototype, key, descriptor]`. The
   * attachments are numbers of channels, or of callbacks. The answer is the result, or a failure.
   */
  CALL: 1,
  /**
   * Agent to controller: `[IMPORT, specifier, referrer, type]`, for an `import()` whose name is only known
   * when it runs. The answer is `[id, batches]`, or a failure.
   */
  IMPORT: 2,
  /** Either way: `[STREAM]`. The messages are the values; back come the numbers of values read, as u32. */
  STREAM: 3,
  /** Controller to agent: `[SIGNAL]`. The one message is the reason, when the signal aborts. */
  SIGNAL: 4,
  /**
   * Agent to controller: `[CALLBACK, callback]`. The message is the array of arguments, the answer the
   * result, or a failure.
   */
  CALLBACK: 5,
  /** Agent to controller: `[RELEASE, ...callbacks]`. Nobody there can call them any more. */
  RELEASE: 6,
  /**
   * Agent to controller: `[FILE, url]`, a file in a folder that is served. The answer is its bytes, or
   * nothing if there is no such file, or a failure.
   */
  FILE: 7,
  /**
   * Controller to agent: `[SERVICE, batches, module, name, ...args]`. The channel is handed over to a function of a
   * module: a part of the agent that is only sent when it is needed. What the messages are is its own affair.
   */
  SERVICE: 8,
  /**
   * Agent to controller: `[LOWER, batch]`, with the number of the batch, when its engine lacks the syntax for `using`
   * declarations in it; the batch counts when this is answered. The answer is `[index, source]` for each record
   * and unit of the batch, counted in that order, that has such declarations: what to run instead; compressed like a
   * batch.
   */
  LOWER: 9,
} as const;

/** Modules, and code that no module exports. */
export type Batch = readonly [records: readonly ModuleRecord[], codes: readonly Code[]];

/**
 * Where a function is: an export of a module, or a global when `module` is `null`,
 * and the path to it from there.
 */
export interface FunctionPlace {
  readonly module: string | null;
  readonly path: readonly (string | symbol)[];
}

/** A function in a CALL that is not sent by value: its place with a number for it, and from the second time on the number alone. */
export type FunctionReference =
  | readonly [id: number, module: string | null, ...path: string[]]
  | number;
