import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../../mod.ts";
import { BootReader } from "../../../tunnel/connection/boot_reader.ts";

const MARKER = "0123456789abcdef0123456789abcdef";

/** The bytes of a text, a character for each byte. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

interface Seen {
  readonly reader: BootReader;
  /** The bytes after the agent's line that the reader passed on. */
  readonly rest: string;
}

/** Reads `text` in pieces of `size` bytes, up to the agent. */
function read(text: string, size: number): Seen {
  let rest = "";
  const reader = new BootReader(MARKER, (bytes) => rest += String.fromCharCode(...bytes));
  const bytes = bytesOf(text);
  for (let at = 0; at < bytes.length && reader.stage !== "agent"; at += size) {
    reader.push(bytes.subarray(at, at + size));
  }
  return { reader, rest };
}

Deno.test("BootReader.push() finds the agent behind noise, however the bytes come", () => {
  const noises = [
    "",
    "Welcome\r\n",
    "no line break at its end",
    MARKER.slice(0, 20),
    `${MARKER}\n${MARKER.slice(0, 8)}`,
    "\xf5\xc5\x01\xff\x00",
    "#".repeat(5_000),
  ];
  for (const noise of noises) {
    const text = `${noise}${MARKER} run deno /a b/deno\n${noise}${MARKER} agent\nFRAMES`;
    for (const size of [1, 2, 3, 31, 32, 33, 34, 100, 100_000]) {
      const { reader, rest } = read(text, size);
      assertEquals(reader.stage, "agent", `${noise.slice(0, 20)} in pieces of ${size}`);
      assertEquals(reader.interpreter, "deno /a b/deno");
      assert("FRAMES".startsWith(rest));
      if (size === 100_000) assertEquals(rest, "FRAMES");
      assertEquals(reader.failure, undefined);
    }
  }
});

Deno.test("BootReader.stage says how far the far end has come", () => {
  const { reader } = read("noise", 1);
  assertEquals([reader.stage, reader.interpreter], ["shell", ""]);
  reader.push(bytesOf(`${MARKER} run deno /old/deno\r\n`));
  assertEquals([reader.stage, reader.interpreter], ["interpreter", "deno /old/deno"]);
  reader.push(bytesOf(`${MARKER} run node /usr/bin/node\n`));
  assertEquals([reader.stage, reader.interpreter], ["interpreter", "node /usr/bin/node"]);
  reader.push(bytesOf(`${MARKER} agent`));
  assertEquals(reader.stage, "interpreter");
  reader.push(bytesOf("\n"));
  assertEquals(reader.stage, "agent");
});

Deno.test("BootReader.failure says why the shell has started no agent", () => {
  assertEquals(read(`noise${MARKER} none\n`, 1).reader.failure, "none");
  assertEquals(read(`${MARKER} cwd\n`, 1).reader.failure, "cwd");
});

Deno.test("BootReader.fallen has the interpreters that did not come up", () => {
  const lines = ["run deno /a b", "failed 126 /a b", "old /c is deno 1.0", "run node /d"];
  const { reader } = read(lines.map((line) => `noise${MARKER} ${line}\n`).join(""), 3);
  assertEquals(reader.fallen, [
    { word: "failed", text: "126 /a b" },
    { word: "old", text: "/c is deno 1.0" },
  ]);
  assertEquals([reader.failure, reader.interpreter], [undefined, "node /d"]);
});

Deno.test("BootReader.fallen takes no more memory when a far end tells of ever more", () => {
  const { reader } = read(`${MARKER} failed 1 /a\n`.repeat(1000), 3);
  assertEquals(reader.fallen.length, 100);
});

Deno.test("BootReader.noise is the end of the noise", () => {
  assertEquals(read("  a banner\n", 1).reader.noise, "a banner");
  assertEquals(read(`first\n${MARKER} run deno /d\nsecond`, 3).reader.noise, "first\nsecond");
  // The EXIT frame of an interpreter that has ended is not noise.
  const ended = `\xf5\xc5\x09${"\0".repeat(8)}\x23001${MARKER}`;
  const { reader } = read(`first\n${MARKER} run deno /d\n${ended}`, 3);
  assertEquals(reader.noise, "first");
  const { noise } = read(`${"x".repeat(1_000_000)}the end`, 10_000).reader;
  assert(noise.length <= 2048 && noise.endsWith("the end"));
});

Deno.test("BootReader.push() refuses a line without an end", () => {
  assertThrows(() => read(`${MARKER} ${"x".repeat(100_000)}`, 10_000), ProtocolError);
});
