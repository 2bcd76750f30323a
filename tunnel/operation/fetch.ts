import fs from "node:fs";
import { dirname } from "node:path";
import {
  BrokenTransfer,
  Interruption,
  receiveBytes,
  type Summary,
} from "../../agent/files/byte_transfer.ts";
import { codeOf, notFolder, withPath } from "../../agent/files/file_error.ts";
import { Interrupt } from "../../agent/files/interrupt.ts";
import { NewFile } from "../../agent/files/new_file.ts";
import { temporaryFile } from "../../agent/files/temporary_name.ts";
import { isNatural } from "../../agent/protocol/is_natural.ts";
import type { Channel } from "../../agent/wire/channel.ts";
import { concat } from "../../agent/wire/concat.ts";
import { decode } from "../../codec/decode.ts";
import type { Decoding } from "../session/decoding.ts";
import { HOST, type HostPath, hostPath } from "../arguments/host_template.ts";
import { localPath, pathOf } from "../arguments/local_path.ts";
import { copyFetchOptions } from "../arguments/transfer_options.ts";
import type {
  FetchedBytes,
  FetchedStream,
  FetchOptions,
  FetchResult,
  FetchTarget,
} from "../file_options.ts";
import { alsoEndedBy, type Link } from "./link.ts";
import { whileFewAreOpen } from "./open_files.ts";
import type { Operation } from "./operation.ts";
import { Progress } from "./progress.ts";
import { tracedFiles } from "./traced.ts";
import { explainHere, transfer } from "./transfer.ts";
import { umask } from "./umask.ts";

/** The most bytes that are collected in memory. */
const MAX_IN_MEMORY = 1024 ** 3;

/** The facts that are known when all bytes have arrived. */
type Fetched = Summary & { remotePath: string };

/** Where the bytes go. */
interface Sink {
  /** The most bytes that it can take. */
  readonly limit?: number;
  /** The far end has the file. Comes before anything else. */
  begin?(): Promise<void>;
  /** There are holes in the source. */
  keepHoles?(): void;
  /** When the promise resolves, the caller may overwrite the bytes. */
  write(bytes: Uint8Array, interrupted: Interrupt): Promise<void>;
  /** All bytes have been written. `mode` is the mode of the file at the far end. */
  finish(mode: number, interrupted: Interrupt): Promise<void>;
  /** The rest does not come. Harmless after {@linkcode finish}. */
  discard(error: unknown): void;
}

const ADVICE_THERE = { EISDIR: "; fetchDir(), or fetch -r, fetches folders" };

/** The arguments of a fetch, checked and copied. */
interface FetchArguments extends FetchOptions {
  readonly source: string;
  /** The path of the file here for each host; `null` for the memory, `undefined` for a new file. */
  readonly target: HostPath | WritableStream<Uint8Array<ArrayBuffer>> | null | undefined;
  /** Whether missing folders of the path are made. */
  readonly makesFolders: boolean;
}

/**
 * Prepares a `BaseTunnel.fetch()`.
 *
 * @param pathFor The path here for each host, if `target` is not the template for it.
 * @throws {TypeError} If a path or an option is of the wrong type.
 */
export function prepareFetch(
  remotePath: string | URL,
  target?: FetchTarget,
  options: FetchOptions = {},
  pathFor?: HostPath,
): Operation<FetchResult | FetchedStream | FetchedBytes> {
  const source = pathOf("remotePath", remotePath);
  const own = copyFetchOptions(options);
  const args: FetchArguments = {
    ...own,
    source,
    target: target === undefined || target === null || target instanceof WritableStream
      ? target as WritableStream<Uint8Array<ArrayBuffer>> | null | undefined
      : pathFor ?? hostPath("localPath", target),
    makesFolders: (typeof target === "string" || target instanceof URL) &&
      pathOf("localPath", target).includes(HOST),
  };
  return {
    ready: undefined,
    signal: own.signal,
    perform: (given) =>
      tracedFiles("fetch", given, (link) => performFetch(args, alsoEndedBy(link, own.signal))),
  };
}

async function performFetch(
  { source, target, makesFolders, onProgress }: FetchArguments,
  link: Link,
): Promise<FetchResult | FetchedStream | FetchedBytes> {
  const { host } = link;
  const failureText = `Cannot fetch ${source} from ${host}`;
  const since = link.core.closings;
  const service = ["fetch", source, target instanceof WritableStream] as const;
  const fetchInto = async (sink: Sink): Promise<Fetched> => {
    try {
      return await transfer(
        link,
        { name: "fetch()", failureText, since, service, adviceThere: ADVICE_THERE },
        (channel, { decoding }) =>
          receive(channel, sink, (size) => new Progress(host, onProgress, size), decoding),
      );
    } catch (error) {
      sink.discard(error);
      throw error;
    }
  };
  if (target instanceof WritableStream) {
    return { localPath: null, ...await fetchInto(intoStream(target)) };
  }
  const isTemporary = target === undefined;
  const path = target === null
    ? null
    : isTemporary
    ? temporaryFile()
    : fileHere(target(host), failureText);
  return await whileFewAreOpen(link, async () => {
    if (path === null) {
      const chunks: Uint8Array[] = [];
      const fetched = await fetchInto(inMemory(chunks));
      return { localPath: path, ...fetched, bytes: concat(chunks, fetched.size) };
    }
    const sink = await intoFile(path, { isTemporary, makesFolders, failureText });
    return { localPath: path, ...await fetchInto(sink) };
  });
}

function fileHere(path: string, failureText: string): string {
  try {
    notFolder(path);
  } catch (error) {
    throw explainHere(error, failureText);
  }
  return localPath("localPath", path);
}

async function receive(
  channel: Channel,
  sink: Sink,
  progressOf: (total: number) => Progress,
  decoding: Decoding,
): Promise<Fetched> {
  // A stream of the caller may never take the bytes that it is given.
  const interrupted = new Interrupt();
  channel.onFailure((error) => interrupted.by(error));
  const first = await channel.receive();
  if (first === undefined || first.flags !== 0) throw new Interruption(first);
  const { remotePath, total, mode, isSparse } = readHeader(first.bytes, decoding);
  if (sink.limit !== undefined && total > sink.limit) throw tooLarge();
  await sink.begin?.();
  if (isSparse) sink.keepHoles?.();
  const progress = progressOf(total);
  const summary = await receiveBytes(
    channel,
    (bytes) => sink.write(bytes, interrupted),
    (bytes) => {
      // A file without a size, such as those of /proc, may have contents.
      if (total > 0 && bytes > total) {
        throw new BrokenTransfer("There are more bytes than the far end announced");
      }
      progress.tell(bytes);
    },
  );
  // The transfer may have been given up when all bytes had arrived.
  await interrupted.or(Promise.resolve());
  await sink.finish(mode, interrupted);
  return { remotePath, ...summary };
}

/** What the far end says of the file, before its bytes come. */
interface Header {
  readonly remotePath: string;
  readonly total: number;
  readonly mode: number;
  readonly isSparse: boolean;
}

function readHeader(bytes: Uint8Array, decoding: Decoding): Header {
  const header = decode(bytes, decoding);
  const [remotePath, total, mode, isSparse] = Array.isArray(header) ? header : [];
  if (typeof remotePath !== "string" || !isNatural(total) || !isNatural(mode)) {
    throw new BrokenTransfer("The far end sent no path, size or mode of the file");
  }
  return { remotePath, total, mode, isSparse: isSparse === true };
}

interface IntoFileOptions {
  readonly isTemporary: boolean;
  readonly makesFolders: boolean;
  readonly failureText: string;
}

async function intoFile(
  path: string,
  { isTemporary, makesFolders, failureText }: IntoFileOptions,
): Promise<Sink> {
  const create = (): Promise<NewFile> =>
    NewFile.create(path, 0o600).catch((error) => {
      throw explainHere(error, failureText);
    });
  let file: NewFile | undefined;
  try {
    file = await create();
  } catch (error) {
    // Folders are made when it is known that there is a file to put there.
    const { cause } = error as Error;
    if (!makesFolders || !(cause instanceof Error) || codeOf(cause) !== "ENOENT") throw error;
  }
  return {
    async begin() {
      if (file !== undefined) return;
      const folder = dirname(path);
      await withPath(folder, () => fs.promises.mkdir(folder, { recursive: true }));
      file = await NewFile.create(path, 0o600);
    },
    keepHoles: () => file!.keepHoles(),
    write: (bytes) => file!.write(bytes),
    finish: (mode) => file!.commit(isTemporary ? 0o600 : mode & 0o777 & ~umask() | 0o600, true),
    discard: () => file?.discard(),
  };
}

function intoStream(stream: WritableStream<Uint8Array>): Sink {
  const writer = stream.getWriter();
  let finished = false;
  return {
    async write(bytes, interrupted) {
      await interrupted.or(writer.ready);
      await interrupted.or(writer.write(bytes.slice()));
    },
    async finish(_mode, interrupted) {
      await interrupted.or(writer.close());
      finished = true;
    },
    discard(error) {
      if (finished) return;
      finished = true;
      writer.abort(error).catch(() => {});
    },
  };
}

function inMemory(chunks: Uint8Array[]): Sink {
  let size = 0;
  return {
    limit: MAX_IN_MEMORY,
    write(bytes) {
      size += bytes.length;
      if (size > MAX_IN_MEMORY) throw tooLarge();
      chunks.push(bytes.slice());
      return Promise.resolve();
    },
    finish: () => Promise.resolve(),
    discard: () => {},
  };
}

function tooLarge(): RangeError {
  return new RangeError(
    `The file has more than ${MAX_IN_MEMORY} bytes, too many for memory: give localPath a path`,
  );
}
