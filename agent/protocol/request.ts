/**
 * The requests that the header of an opened channel makes. A header is an array whose first element
 * is the kind; the messages of each kind are described with it.
 *
 * @module
 */

import type { Code } from "./handle.ts";
import type { ModuleRecord } from "./module_record.ts";
import type { SentFile } from "./sent_file.ts";

/** The kinds of request. */
export const Request = {
  /**
   * Controller to agent: `[BATCHES]`, once in a connection. Each message is a {@linkcode Batch},
   * encoded, and compressed with raw deflate unless the message is plain bytes. It is sent ahead of
   * the first call that needs it.
   */
  BATCHES: 0,
  /**
   * Controller to agent: `[CALL, batches, function, code, attachments]`. The call has to wait until
   * so many batches have arrived.
   *
   * If `code` is `null`, the message is the array of arguments; without arguments there is no
   * message. Otherwise `code` is the number of the code that the values refer to, counted over all
   * batches, and the message is `[function, arguments, captured, ...properties]` with handles. The
   * function is `null` there if the header has it; `captured` has the values of the variables of
   * each unit; a property is `[owner, isOfPrototype, key, descriptor]`, where `isOfPrototype` says
   * that it belongs to the owner's `prototype`.
   *
   * The attachments are numbers of channels or of callbacks. The answer is the result, or a
   * failure.
   */
  CALL: 1,
  /**
   * Agent to controller: `[IMPORT, specifier, referrer, type]`, for an `import()` whose specifier
   * is only known when it runs. The answer is `[id, batches]`, or a failure.
   */
  IMPORT: 2,
  /**
   * Either way: `[STREAM]`. The messages are the values. The reader answers with the numbers of
   * values that it has read, as u32.
   */
  STREAM: 3,
  /** Controller to agent: `[SIGNAL]`. When the signal aborts, the one message is the reason. */
  SIGNAL: 4,
  /**
   * Agent to controller: `[CALLBACK, callback]`. The message is the array of arguments; the answer
   * is the result, or a failure.
   */
  CALLBACK: 5,
  /** Agent to controller: `[RELEASE, ...callbacks]`. The agent cannot call these any more. */
  RELEASE: 6,
  /**
   * Agent to controller: `[FILE, url, look]`, for a file that was told of in a batch, or that is in
   * a folder that is served; or for a part of Deno, by a `chopsticks-runtime:` URL. The answer is
   * the bytes, or if `look` is `true` a `ServedEntry`; nothing if it does not exist; or a failure.
   */
  FILE: 7,
  /**
   * Controller to agent: `[SERVICE, batches, module, name, ...args]`. The channel is handed over to
   * a function of a module, which is a part of the agent that is only sent when it is needed. That
   * function decides what the messages are.
   */
  SERVICE: 8,
  /**
   * Agent to controller: `[LOWER, batch]`, when a batch has `using` declarations and the agent's
   * engine lacks the syntax. The batch counts as arrived when this is answered. The answer is
   * compressed like a batch. It has `[index, source]`, the source to run instead, for each record
   * and unit of the batch, counted in that order, that has such declarations.
   */
  LOWER: 9,
  /**
   * Agent to controller: `[VALUES]`, when an agent needs its part for values and has not got it.
   * There is no answer but the part, in a batch, unless it has been sent already.
   */
  VALUES: 10,
} as const;

/**
 * Modules, the code of functions that no module exports, and files that are opened by path. Files,
 * if only an empty array of them, come with the agent's part for them or after it.
 */
export type Batch = readonly [
  records: readonly ModuleRecord[],
  codes: readonly Code[],
  files?: readonly SentFile[],
];

/**
 * Where a function is: the path to it from a module's namespace, or from the globals for `null`.
 */
export interface FunctionPlace {
  readonly module: string | null;
  readonly path: readonly (string | symbol)[];
}

/**
 * A function in a CALL that is sent by reference. The first time it is its place and a number, from
 * then on the number alone.
 */
export type FunctionReference =
  | readonly [id: number, module: string | null, ...path: string[]]
  | number;
