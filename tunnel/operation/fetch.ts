import process from "node:process";
import {
  BrokenTransfer,
  Interruption,
  receiveBytes,
  type Summary,
} from "../../agent/files/byte_transfer.ts";
import type { Channel } from "../../agent/wire/channel.ts";
import { notFolder } from "../../agent/files/file_error.ts";
import { temporaryFile } from "../../agent/files/temporary_name.ts";
import { isNatural } from "../../agent/protocol/is_natural.ts";
import { NewFile } from "../../agent/files/new_file.ts";
import { concat } from "../../agent/wire/concat.ts";
import { Interrupt } from "../../agent/files/interrupt.ts";
import { decode } from "../../codec/decode.ts";
import { localPath as toLocalPath, pathOf } from "../arguments/local_path.ts";
import { whileFewAreOpen } from "./open_files.ts";
import { Progress } from "./progress.ts";
import { explainHere, transfer } from "./transfer.ts";
import type { BaseTunnel } from "../base_tunnel.ts";
import { closingsOf } from "./operation.ts";
import { checkTransfer } from "../arguments/transfer_arguments.ts";
import type {
  FetchedBytes,
  FetchedStream,
  FetchOptions,
  FetchResult,
  FetchTarget,
} from "../file_options.ts";

/** The most bytes that are collected in the memory. */
const MAX_IN_MEMORY = 1024 ** 3;

/** What is known when all bytes are there. */
type Fetched = Summary & { remotePath: string };

/** What takes the bytes. */
interface Sink {
  /** The most bytes that it can take. */
  readonly limit?: number;
  /** The bytes are written over when it is done. */
  write(bytes: Uint8Array, interrupted: Interrupt): Promise<void>;
  /** All are there. `mode` is the file's at the far end. */
  finish(mode: number, interrupted: Interrupt): Promise<void>;
  /** The rest does not come. Harmless after {@linkcode finish}. */
  discard(error: unknown): void;
}

/** See `BaseTunnel.fetch()`. */
export async function fetchFile(
  tunnel: BaseTunnel,
  remotePath: string | URL,
  target: FetchTarget | undefined,
  options: FetchOptions,
): Promise<FetchResult | FetchedStream | FetchedBytes> {
  const source = pathOf("remotePath", remotePath);
  checkTransfer("fetch", options);
  const refusal = `Cannot fetch ${source} from ${tunnel.host}`;
  const { signal, onProgress } = options;
  const operation = { tunnel, operation: "fetch()", refusal, signal, since: closingsOf(tunnel) };
  const fetchInto = async (sink: Sink): Promise<Fetched> => {
    try {
      return await transfer(
        { ...operation, service: ["fetch", source] },
        (channel) => receive(channel, sink, (size) => new Progress(tunnel.host, onProgress, size)),
      );
    } catch (error) {
      sink.discard(error);
      throw error;
    }
  };
  if (target instanceof WritableStream) {
    return { localPath: null, ...await fetchInto(intoStream(target)) };
  }
  const localPath = target === null
    ? null
    : target === undefined
    ? temporaryFile()
    : fileHere(target, refusal);
  return await whileFewAreOpen(tunnel, signal, async () => {
    if (localPath === null) {
      const chunks: Uint8Array[] = [];
      const fetched = await fetchInto(inMemory(chunks));
      return { localPath, ...fetched, bytes: concat(chunks, fetched.size) };
    }
    return {
      localPath,
      ...await fetchInto(await intoFile(localPath, target === undefined, refusal)),
    };
  });
}

function fileHere(target: string | URL, refusal: string): string {
  try {
    notFolder(pathOf("localPath", target));
  } catch (error) {
    throw explainHere(error, refusal);
  }
  return toLocalPath("localPath", target);
}

async function receive(
  channel: Channel,
  sink: Sink,
  progressOf: (total: number) => Progress,
): Promise<Fetched> {
  // A stream of the caller's may never take what it is given.
  const interrupted = new Interrupt();
  channel.onFailure((error) => interrupted.by(error));
  const first = await channel.receive();
  if (first === undefined || first.flags !== 0) throw new Interruption(first);
  const [remotePath, total, mode] = readHeader(first.bytes);
  if (sink.limit !== undefined && total > sink.limit) throw tooLarge();
  const progress = progressOf(total);
  const summary = await receiveBytes(
    channel,
    (bytes) => sink.write(bytes, interrupted),
    (bytes) => {
      // A file without a size, such as those of /proc, may have contents.
      if (total > 0 && bytes > total) {
        throw new BrokenTransfer("There is more than there was to be");
      }
      progress.tell(bytes);
    },
  );
  // It may have been given up when all was there.
  await interrupted.or(Promise.resolve());
  await sink.finish(mode, interrupted);
  return { remotePath, ...summary };
}

function readHeader(bytes: Uint8Array): [remotePath: string, total: number, mode: number] {
  const header = decode(bytes);
  const [remotePath, total, mode] = Array.isArray(header) ? header : [];
  if (typeof remotePath !== "string" || !isNatural(total) || !isNatural(mode)) {
    throw new BrokenTransfer("A file without a path, a size and a mode");
  }
  return [remotePath, total, mode];
}

async function intoFile(path: string, isTemporary: boolean, refusal: string): Promise<Sink> {
  const file = await NewFile.create(path, 0o600).catch((error) => {
    throw explainHere(error, refusal);
  });
  return {
    write: (bytes) => file.write(bytes),
    finish: (mode) => file.commit(isTemporary ? 0o600 : mode & 0o777 & ~umask() | 0o600, true),
    discard: () => file.discard(),
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
    `More than ${MAX_IN_MEMORY} bytes are too many for the memory: give localPath a path`,
  );
}

/** What the umask takes from new files, which the system does not tell without setting it. */
function umask(): number {
  try {
    return process.umask();
  } catch {
    return 0o022; // not permitted
  }
}
