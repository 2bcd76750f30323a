import { Arena } from "../../agent/files/arena.ts";
import { BrokenTransfer, CHUNK, Interruption, sendBytes } from "../../agent/files/byte_transfer.ts";
import { Change, type ChangeLevel } from "../../agent/files/change.ts";
import { notFolder } from "../../agent/files/file_error.ts";
import { FileReader } from "../../agent/files/file_reader.ts";
import type { Found } from "../../agent/files/found.ts";
import type { Channel } from "../../agent/wire/channel.ts";
import { decode } from "../../codec/decode.ts";
import { typeError } from "../misuse.ts";
import type { Decoding } from "../session/decoding.ts";
import {
  type CheckedSource,
  isStream,
  type LocalFile,
  type PutArguments,
  putArguments,
} from "../arguments/put_arguments.ts";
import type { PutOptions, PutResult, PutSource } from "../file_options.ts";
import { isFound } from "./is_found.ts";
import { alsoEndedBy, type Link } from "./link.ts";
import { whileFewAreOpen } from "./open_files.ts";
import type { Operation } from "./operation.ts";
import { Progress } from "./progress.ts";
import { PutDiff } from "./put_diff.ts";
import { sourceAdvice } from "./source_advice.ts";
import { MAX_SIZE } from "./text_diff.ts";
import { tracedFiles } from "./traced.ts";
import { explainHere, transfer } from "./transfer.ts";

/** Bytes of a source in memory that are copied at once. */
const BLOCK = 4 * CHUNK;

/** How much memory an answer may take: the old contents count as what has come, and as a value. */
const ANSWER_COST = 3 * MAX_SIZE;

/** A source that has been opened. */
interface Contents {
  /** How errors call it. */
  readonly name: string;
  readonly size: number | undefined;
  /** Whether it has holes. */
  readonly isSparse?: boolean;
  readonly blocks: AsyncIterable<Uint8Array>;
  close(): void;
}

/**
 * Prepares a `BaseTunnel.put()`.
 *
 * @throws {TypeError} If the source, the path or an option is of the wrong type.
 * @throws {RangeError} If the mode is not one.
 */
export function preparePut(
  source: PutSource,
  remotePath?: string | URL,
  options: PutOptions = {},
): Operation<PutResult> {
  const args = putArguments(source, remotePath, options);
  const { signal } = args;
  return {
    ready: undefined,
    signal,
    perform: (given) =>
      tracedFiles("put", given, (link) => performPut(args, alsoEndedBy(link, signal))),
  };
}

async function performPut(args: PutArguments, link: Link): Promise<PutResult> {
  const since = link.core.closings;
  const work = (): Promise<PutResult> => putContents(args, link, since);
  return await (isStream(args.source) ? work() : whileFewAreOpen(link, work));
}

async function putContents(args: PutArguments, link: Link, since: number): Promise<PutResult> {
  const { source, target, mode, onProgress, dryRun } = args;
  const contents = open(source, link);
  try {
    const difference = args.diff ? await PutDiff.load(args.diff === "secrets") : undefined;
    const wish = difference?.wish ?? null;
    // Files like those of /proc have contents, but no size.
    const size = contents.size || undefined;
    return await transfer(link, {
      name: "put()",
      failureText: failureText(contents.name, link),
      since,
      service: dryRun ? ["foreseePut", target, mode, wish] : [
        ...["put", target, mode, wish, size, contents.isSparse ?? false] as const,
        isStream(source),
      ],
    }, async (channel, { connection, decoding }) => {
      let blocks = contents.blocks;
      if (difference !== undefined) blocks = difference.keeping(blocks);
      // Bytes that wait in a pipe count as transferred only when there is an agent to read them.
      if (onProgress !== undefined) blocks = afterwards(connection.ready, blocks);
      const progress = new Progress(link.host, onProgress, contents.size);
      const onMoved = (bytes: number): void => progress.tell(bytes);
      const { result, change, found } = await send(channel, blocks, onMoved, dryRun, decoding);
      if (difference === undefined) return result;
      const diff = difference.of(result, mode, found, change < Change.CONTENTS);
      return diff === undefined ? result : { ...result, diff };
    });
  } finally {
    contents.close();
  }
}

/** What the far end tells of a put. */
interface Told {
  readonly result: PutResult;
  readonly change: ChangeLevel;
  /** What was there before, if that was asked for. */
  readonly found: Found | null;
}

async function send(
  channel: Channel,
  blocks: AsyncIterable<Uint8Array>,
  onMoved: (bytes: number) => void,
  dryRun: boolean,
  decoding: Decoding,
): Promise<Told> {
  const answering = channel.receive();
  const skip = (): void => {};
  const sent = await sendBytes(channel, blocks, answering, onMoved, dryRun ? skip : undefined);
  const answer = await answering;
  if (answer === undefined || answer.flags !== 0) throw new Interruption(answer);
  const told = decode(answer.bytes, { ...decoding, maxCost: ANSWER_COST });
  const [remotePath, size, sha1sum, change, found] = Array.isArray(told) ? told : [];
  if (typeof remotePath !== "string" || size !== sent.size || sha1sum !== sent.sha1sum) {
    throw new BrokenTransfer("The bytes that arrived are not those that were sent");
  }
  if (!Object.values(Change).includes(change) || !isFound(found)) {
    throw new BrokenTransfer("The far end did not say what it changed");
  }
  return { result: { remotePath, ...sent, changed: change !== Change.NONE }, change, found };
}

async function* afterwards(
  ready: Promise<unknown>,
  blocks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  await ready;
  yield* blocks;
}

function open(source: CheckedSource, link: Link): Contents {
  if (source instanceof Uint8Array) return inMemory(source);
  if (source instanceof ReadableStream) return openStream("a stream", undefined, source);
  if (source instanceof Blob) return openStream("a Blob", source.size, source.stream());
  if (isStream(source)) return openIterable(source);
  if ("text" in source) return inMemory(new TextEncoder().encode(source.text));
  return openFile(source, link);
}

function openFile({ given, path }: LocalFile, link: Link): Contents {
  try {
    notFolder(given);
    const file = new FileReader(path);
    const { size, isSparse } = file;
    return { name: path, size, isSparse, blocks: file.blocks(), close: () => file.close() };
  } catch (error) {
    throw explainHere(
      error,
      failureText(path, link),
      (error) => sourceAdvice("put", path, error),
    );
  }
}

function inMemory(bytes: Uint8Array): Contents {
  const unit = bytes.length === 1 ? "byte" : "bytes";
  const blocks = copied([bytes]);
  return { name: `${bytes.length} ${unit}`, size: bytes.length, blocks, close: () => {} };
}

function openStream(
  name: string,
  size: number | undefined,
  stream: ReadableStream<Uint8Array>,
): Contents {
  const reader = stream.getReader();
  return openChunks({ name, size, kind: "stream" }, {
    next: () => reader.read(),
    close(isDone) {
      if (!isDone) reader.cancel(new Error("The transfer is over")).catch(() => {});
      reader.releaseLock();
    },
  });
}

function openIterable(iterable: AsyncIterable<Uint8Array>): Contents {
  const chunks = iterable[Symbol.asyncIterator]();
  return openChunks({ name: "an async iterable", size: undefined, kind: "async iterable" }, {
    next: async () => await chunks.next(),
    close(isDone) {
      // A generator that waits for something ends when it goes on.
      if (!isDone) (async () => await chunks.return?.())().catch(() => {});
    },
  });
}

/** What gives chunks of contents, of which the types are not known. */
interface Chunks {
  next(): Promise<{ readonly done?: boolean | undefined; readonly value?: unknown }>;
  /** No more are wanted. `isDone` says whether it has given all, or has failed. */
  close(isDone: boolean): void;
}

/** How errors call contents, and of what kind they are. */
interface Named {
  readonly name: string;
  readonly size: number | undefined;
  readonly kind: string;
}

function openChunks({ name, size, kind }: Named, from: Chunks): Contents {
  let isDone = false;
  const next: Chunks["next"] = async () => {
    try {
      return await from.next();
    } catch (error) {
      isDone = true;
      throw error;
    }
  };
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { done, value } = await next();
      if (done) break;
      if (!(value instanceof Uint8Array)) {
        throw typeError(`The ${kind} gave ${typeof value}: expected Uint8Array`);
      }
      yield value;
    }
    isDone = true;
  };
  return { name, size, blocks: copied(chunks()), close: () => from.close(isDone) };
}

/**
 * Copies the chunks, because bytes that were hashed must not change before they are on their way.
 */
async function* copied(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const arena = new Arena();
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += BLOCK) {
      yield arena.copy(chunk.subarray(at, at + BLOCK));
    }
  }
}

function failureText(name: string, { host }: Link): string {
  return `Cannot put ${name} to ${host}`;
}
