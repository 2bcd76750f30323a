import { createReadStream } from "node:fs";
import type {
  BaseTunnel,
  ErrorResult,
  FetchedBytes,
  FetchedStream,
  FetchResult,
  Group,
  GroupResult,
  PutResult,
  Queue,
} from "../../mod.ts";
import { expectType } from "./_expect.ts";

declare const tun: BaseTunnel;
declare const group: Group;
declare const queue: Queue;
declare const maybe: string | null;
declare const perhaps: string | undefined;

// The result of fetch() depends on where it writes to.
expectType<FetchResult>()(await tun.fetch("/a"));
expectType<FetchResult>()(await tun.fetch("/a", "b"));
expectType<FetchResult>()(await tun.fetch("/a", perhaps));
expectType<FetchedBytes>()(await tun.fetch("/a", null));
expectType<FetchResult | FetchedBytes>()(await tun.fetch("/a", maybe));
expectType<GroupResult<FetchResult>>()(await group.fetch("/a", "b-{host}"));
expectType<GroupResult<FetchResult>>()(await group.fetch("/a", perhaps));
expectType<GroupResult<FetchedBytes>>()(await group.fetch("/a", null));
expectType<GroupResult<FetchResult | FetchedBytes>>()(await group.fetch("/a", maybe));
expectType<FetchResult | FetchedBytes | ErrorResult>()(queue.fetch(tun, "/a", maybe).value);
expectType<GroupResult<FetchedBytes>>()(queue.fetch(group, "/a", null).value);
// @ts-expect-error: not a path
await tun.fetch("/a", 5);

// Any stream of bytes is a target, and a source.
const file = await Deno.create("/tmp/a.gz");
const gzip = new CompressionStream("gzip");
const identity = new TransformStream<Uint8Array, Uint8Array>();
expectType<FetchedStream>()(await tun.fetch("/a", gzip.writable));
expectType<FetchedStream>()(await tun.fetch("/a", file.writable));
expectType<FetchedStream>()(await tun.fetch("/a", identity.writable));
expectType<FetchedStream>()(await tun.fetch("/a", new WritableStream<BufferSource>()));
expectType<FetchedStream>()(await tun.fetch("/a", new WritableStream<Uint8Array>()));
expectType<FetchedStream>()(await tun.fetch("/a", new WritableStream()));
expectType<FetchedStream>()(await tun.fetch("/a", new TextDecoderStream().writable));
expectType<FetchedStream | ErrorResult>()(queue.fetch(tun, "/a", gzip.writable).value);
expectType<PutResult>()(await tun.put(gzip.readable, "/a"));
expectType<PutResult>()(await tun.put(file.readable, "/a"));
expectType<PutResult>()(await tun.put(identity.readable, "/a"));
expectType<PutResult>()(await tun.put(createReadStream("/a"), "/a"));
const chunks = async function* (): AsyncGenerator<Uint8Array> {};
expectType<PutResult>()(await tun.put(chunks(), "/a"));
expectType<PutResult>()(await tun.put(await tun.call(chunks), "/a"));
const lines = async function* (): AsyncGenerator<string> {};
// @ts-expect-error: not bytes
await tun.put(lines(), "/a");
// @ts-expect-error: it would get bytes
await tun.fetch("/a", new WritableStream<string>());
