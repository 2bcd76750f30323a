import type { Channel } from "../../agent/wire/channel.ts";
import { Arena } from "../../agent/files/arena.ts";
import { BrokenTransfer, CHUNK, Interruption, sendBytes } from "../../agent/files/byte_transfer.ts";
import { notFolder } from "../../agent/files/file_error.ts";
import { FileReader } from "../../agent/files/file_reader.ts";
import { decode } from "../../codec/decode.ts";
import { localPath, pathOf } from "../arguments/local_path.ts";
import { whileFewAreOpen } from "./open_files.ts";
import { Progress } from "./progress.ts";
import { explainHere, transfer } from "./transfer.ts";
import type { BaseTunnel } from "../base_tunnel.ts";
import { closingsOf } from "./operation.ts";
import { checkPut } from "../arguments/put_arguments.ts";
import { sourceAdvice } from "./source_advice.ts";
import { checkTransfer } from "../arguments/transfer_arguments.ts";
import type { PutOptions, PutResult, PutSource } from "../file_options.ts";

/** Bytes of a source in the memory that are copied at once. */
const BLOCK = 4 * CHUNK;

/** What is sent, opened. */
interface Contents {
  /** What errors call it. */
  readonly name: string;
  readonly size: number | undefined;
  readonly blocks: AsyncIterable<Uint8Array>;
  close(): void;
}

/** See `BaseTunnel.put()`. */
export async function putFile(
  tunnel: BaseTunnel,
  source: PutSource,
  remotePath: string | URL | undefined,
  options: PutOptions,
): Promise<PutResult> {
  const { signal } = options;
  checkPut(source, options);
  checkTransfer("put", options);
  const target = remotePath === undefined ? null : pathOf("remotePath", remotePath);
  const since = closingsOf(tunnel);
  const put = (): Promise<PutResult> => putContents(tunnel, source, target, options, since);
  return await (source instanceof ReadableStream ? put() : whileFewAreOpen(tunnel, signal, put));
}

async function putContents(
  tunnel: BaseTunnel,
  source: PutSource,
  target: string | null,
  { mode = 0o644, signal, onProgress }: PutOptions,
  since: number,
): Promise<PutResult> {
  const contents = open(tunnel, source);
  try {
    return await transfer({
      tunnel,
      operation: "put()",
      refusal: refusalOf(tunnel, contents.name),
      signal,
      since,
      service: ["put", target, mode],
    }, (channel, connection) => {
      if (onProgress === undefined) return send(channel, contents.blocks, () => {});
      const progress = new Progress(tunnel.host, onProgress, contents.size);
      // What waits in a pipe that may lead nowhere has not been moved.
      const blocks = afterwards(connection.ready, contents.blocks);
      return send(channel, blocks, (bytes) => progress.tell(bytes));
    });
  } finally {
    contents.close();
  }
}

async function send(
  channel: Channel,
  blocks: AsyncIterable<Uint8Array>,
  onMoved: (bytes: number) => void,
): Promise<PutResult> {
  const answering = channel.receive();
  const sent = await sendBytes(channel, blocks, answering, onMoved);
  const answer = await answering;
  if (answer === undefined || answer.flags !== 0) throw new Interruption(answer);
  const told = decode(answer.bytes);
  const [remotePath, size, sha1sum] = Array.isArray(told) ? told : [];
  if (typeof remotePath !== "string" || size !== sent.size || sha1sum !== sent.sha1sum) {
    throw new BrokenTransfer("What has arrived is not what was sent");
  }
  return { remotePath, ...sent };
}

async function* afterwards(
  ready: Promise<unknown>,
  blocks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  await ready;
  yield* blocks;
}

function open(tunnel: BaseTunnel, source: PutSource): Contents {
  if (typeof source === "string" || source instanceof URL) return openFile(tunnel, source);
  if (source instanceof Uint8Array) return inMemory(source);
  if (source instanceof ReadableStream) return openStream("a stream", undefined, source);
  if (source instanceof Blob) return openStream("a Blob", source.size, source.stream());
  return inMemory(new TextEncoder().encode(source.text));
}

function openFile(tunnel: BaseTunnel, source: string | URL): Contents {
  const path = localPath("source", source);
  try {
    notFolder(pathOf("source", source));
    const file = new FileReader(path);
    return { name: path, size: file.size, blocks: file.blocks(), close: () => file.close() };
  } catch (error) {
    throw explainHere(
      error,
      refusalOf(tunnel, path),
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
  let done = false;
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) {
      const result = await reader.read();
      if (result.done) break;
      if (!(result.value instanceof Uint8Array)) {
        throw new TypeError(`The stream gave ${typeof result.value}: expected Uint8Array`);
      }
      yield result.value;
    }
    done = true;
  };
  return {
    name,
    size,
    blocks: copied(chunks()),
    close: () => {
      if (!done) reader.cancel(new Error("The transfer is over")).catch(() => {});
      reader.releaseLock();
    },
  };
}

/** Copies: what has been hashed must not change before it is on its way. */
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

function refusalOf({ host }: BaseTunnel, name: string): string {
  return `Cannot put ${name} to ${host}`;
}
