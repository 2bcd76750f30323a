import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import process from "node:process";
import { ProtocolError } from "../../../agent/wire/protocol_error.ts";
import { type BaseTunnel, ConnectionError, Local, RemoteError } from "../../../mod.ts";
import { linkOf } from "../../../tunnel/operation/link.ts";
import { rejection, rejectsAs, soon } from "../_deadline.ts";
import { Folder, until } from "./_files.ts";
import { Driver } from "../_kinds.ts";
import * as fixture from "../fixture/functions.ts";

const AGENT = new URL("../fixture/hostile_files_agent.ts", import.meta.url).pathname;

/** What would move the cursor, retitle the window or hide text. */
// deno-lint-ignore no-control-regex -- these are what it is about
const ESCAPES = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/;

/** What a controller has to take for a broken protocol. */
const BROKEN_FETCHES = [
  ...["a header that cannot be read", "a header that is no array", "an empty header"],
  ...["a header of bytes", "no header", "a path that is none", "a negative size"],
  ...["a size that is no number", "a size that is a text", "a broken size", "a size beyond all"],
  ...["a size that is too large a number", "a large integer as size", "a negative mode", "no mode"],
  ...["more bytes than said", "fewer bytes than said at the end", "another sum"],
  ...["a sum of escapes", "a sum that is no text", "an end that cannot be read"],
  ...["an end that is no array", "an end without a sum", "a reset"],
  ...["a failure that cannot be read", "a failure that is none"],
];

const BROKEN_PUTS = [
  ...["success ahead of the end", "success with another sum", "success with another size"],
  ...[
    "success that is no array",
    "success without a path",
    "bytes instead of an answer",
    "no header",
    "a reset",
  ],
  ...["a header that cannot be read", "a failure that cannot be read", "a failure that is none"],
];

function open(act: string): Driver {
  return new Driver([Deno.execPath(), "run", "--no-check", AGENT, act], { stderr: () => {} });
}

/** A source of five bytes, and for what answers too early, one that does not end. */
function source(act: string): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(5));
      if (/another|without a path|no array/.test(act)) controller.close();
    },
  });
}

for (const act of BROKEN_FETCHES) {
  Deno.test(`fetch() takes ${act} for a broken protocol`, async () => {
    await using folder = await Folder.create();
    await using tun = open(act);
    const target = folder.write("target", "old");
    const targets = [target, null, new WritableStream()] as const;
    for (const to of targets) {
      const error = await rejectsAs(ProtocolError, tun.fetch("/f", to as string));
      assertStringIncludes(error.message, "fetch()");
      assert(!ESCAPES.test(error.message), JSON.stringify(error.message));
      assert(!tun.connected, "the connection is still there");
    }
    assertEquals([folder.names, Deno.readTextFileSync(target)], [["target"], "old"]);
  });
}

for (const act of BROKEN_PUTS) {
  Deno.test(`put() takes ${act} for a broken protocol`, async () => {
    await using tun = open(act);
    const error = await rejectsAs(ProtocolError, tun.put(source(act), "/f"));
    assertStringIncludes(error.message, "put()");
    assert(!tun.connected, "the connection is still there");
  });
}

Deno.test("fetch() and put() show what a failure says, and no control characters", async () => {
  await using folder = await Folder.create();
  await using tun = open("a failure with escapes");
  const target = folder.write("target", "old");
  for (const move of [() => tun.fetch("/f", target), () => tun.put(source(""), "/f")]) {
    const error = await rejectsAs(RemoteError, move());
    const { code } = error.cause as { code: string };
    for (
      const text of [error.message, error.stack!, error.remoteName, error.remoteStack!, code]
        .concat(Deno.inspect(error, { colors: false }))
    ) {
      assert(!ESCAPES.test(text), JSON.stringify(text));
    }
    assertMatch(error.message, /on driver, \\x1b\]0;title\\x07/);
  }
  assertEquals([folder.names, Deno.readTextFileSync(target)], [["target"], "old"]);
  await using other = open("a failure behind some bytes");
  const error = await rejectsAs(RemoteError, other.fetch("/f", target));
  assertStringIncludes(error.message, "Cannot fetch /f from driver: on driver, the disk is broken");
  assertEquals([folder.names, Deno.readTextFileSync(target)], [["target"], "old"]);
});

Deno.test("fetch() writes to the path that it was given, whatever the far end calls it", async () => {
  await using folder = await Folder.create();
  await using tun = open("a path with escapes");
  const { localPath, size } = await tun.fetch("/f", folder.at("target"));
  assertEquals([localPath, size, folder.names], [folder.at("target"), 0, ["target"]]);
  assertEquals(Deno.statSync(localPath).mode! & 0o7000, 0);
});

Deno.test("fetch() has its bytes, though more come behind the end", async () => {
  await using tun = open("bytes after the end");
  const fetched = tun.fetch("/f", null).then(({ size }) => size, (error) => error);
  const outcome = await soon(fetched, "the end of it");
  assert(outcome === 0 || outcome instanceof ProtocolError, `${outcome}`);
});

for (const act of ["nothing", "a header, and nothing more"]) {
  Deno.test(`an abort and close() end a transfer that is answered with ${act}`, async () => {
    await using folder = await Folder.create();
    await using tun = open(act);
    const transfers = (tun: BaseTunnel): Promise<unknown>[] => [
      tun.fetch("/f", folder.at("target")),
      tun.fetch("/f", null),
      // What is answered to a fetch would be wrong here.
      ...act === "nothing" ? [tun.put(source(act), "/f"), tun.put(source("another"), "/f")] : [],
    ];
    const controller = new AbortController();
    const aborted = transfers(tun.with(controller)).map((one) => rejection(one));
    await tun.connect();
    controller.abort("enough");
    assertEquals(new Set(await Promise.all(aborted)), new Set(["enough"]));
    assertEquals(folder.names, []);
    const closed = transfers(tun).map((one) => rejectsAs(ConnectionError, one));
    await until(() => folder.names.length > 0, "the file");
    // All are under way when nobody has anything else to do.
    await new Promise((resolve) => setTimeout(resolve));
    await tun.close();
    await Promise.all(closed);
    assertEquals(folder.names, []);
  });
}

for (const act of ["bytes", "tiny messages", "empty messages"]) {
  Deno.test(`fetch() into the memory takes little more than its bytes, of ${act} that never end`, async () => {
    await using tun = open(`${act} that never end`);
    await tun.connect();
    const { multiplexer } = linkOf(tun).core.session!.connection;
    const handleChunk = multiplexer.handleChunk.bind(multiplexer);
    const controller = new AbortController();
    // As much as comes; what is in it is counted below.
    const most = 32 * 1024 ** 2;
    let come = 0;
    let grown = 0;
    const before = process.memoryUsage.rss();
    multiplexer.handleChunk = (chunk) => {
      come += chunk.length;
      handleChunk(chunk);
      if (come < most || controller.signal.aborted) return;
      grown = process.memoryUsage.rss() - before;
      controller.abort("enough");
    };
    assertEquals(await rejection(tun.fetch("/f", null, controller)), "enough");
    assert(grown < 128 * 1024 ** 2, `${grown}`);
  });
}

Deno.test("fetch() refuses at once what is too large for the memory", async () => {
  await using folder = await Folder.create();
  await using tun = new Local("here");
  const path = folder.write("source", "");
  Deno.truncateSync(path, 2 ** 40);
  const moved: number[] = [];
  const onProgress = ({ bytes }: { bytes: number }): void => void moved.push(bytes);
  const error = await rejectsAs(RangeError, tun.fetch(path, null, { onProgress }));
  assertStringIncludes(error.message, "too many for memory: give localPath a path");
  assertEquals(moved, []);
  await tun.call(fixture.count);
});
