import { assert, assertEquals } from "@std/assert";
import { StderrLines } from "../../../tunnel/connection/stderr_lines.ts";

const TEXT = "first\nsecond žluť 🥢\r\n\n\rcarriage\rreturn\nlast";
const LINES = ["first", "second žluť 🥢", "", "\rcarriage\rreturn", "last"];

/** The lines of a text that comes in pieces of `size` bytes. */
function linesOf(text: string, size: number): { lines: string[]; tail: string } {
  const lines: string[] = [];
  const reader = new StderrLines((line) => lines.push(line));
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  reader.end();
  return { lines, tail: reader.tail };
}

Deno.test("StderrLines.push() gives whole lines, however the bytes come", () => {
  for (let size = 1; size <= TEXT.length; size++) {
    assertEquals(linesOf(TEXT, size).lines, LINES, `in pieces of ${size}`);
  }
});

Deno.test("StderrLines.push() gives a line as soon as it is complete", () => {
  const lines: string[] = [];
  const reader = new StderrLines((line) => lines.push(line));
  reader.push(new TextEncoder().encode("one\ntw"));
  assertEquals([lines, reader.tail], [["one"], "one\ntw"]);
  reader.push(new TextEncoder().encode("o\n"));
  assertEquals([lines, reader.tail], [["one", "two"], "one\ntwo"]);
  reader.end();
  assertEquals(lines, ["one", "two"]);
});

Deno.test("StderrLines.push() passes a line without an end on in parts", () => {
  for (const size of [1, 1000, 10_000_000]) {
    const { lines } = linesOf("x".repeat(200_000), size);
    assertEquals(lines.join("").length, 200_000);
    assert(lines.every((line) => line.length <= 64 * 1024), "a part is too long");
  }
});

Deno.test("StderrLines.tail has the last lines, and is small", () => {
  const all = Array.from({ length: 10_000 }, (_, i) => `line ${i}`);
  const { tail } = linesOf(all.join("\n"), 999);
  const lines = tail.split("\n");
  assert(tail.length <= 4096 && lines.length > 100);
  assertEquals(lines, all.slice(-lines.length));
  assertEquals(linesOf("x".repeat(100_000), 7_777).tail.length, 4096);
  assertEquals(linesOf("", 1).tail, "");
});

Deno.test("StderrLines.tail is that of all lines, after any number of them", () => {
  const lines: string[] = [];
  const reader = new StderrLines((line) => lines.push(line));
  for (let i = 0; i < 60_000; i++) {
    reader.push(new TextEncoder().encode(i % 7 === 0 ? "\n" : `${i}\n`));
    if (i % 997 !== 0 && i < 59_000) continue;
    const all = lines.slice(-4_000).join("\n").trimEnd();
    const cut = all.length <= 4096 ? all : all.slice(-4096);
    const expected = all.length <= 4096 ? all : cut.slice(cut.indexOf("\n") + 1);
    assertEquals(reader.tail, expected, `${i}`);
  }
});

Deno.test("StderrLines.endSection() gives the last lines since it was called", () => {
  const lines: string[] = [];
  const reader = new StderrLines((line) => lines.push(line));
  const push = (text: string): void => reader.push(new TextEncoder().encode(text));
  assertEquals(reader.endSection(), "");
  push("one\ntwo");
  assertEquals(reader.endSection(), "one\ntwo");
  assertEquals(reader.endSection(), "");
  push(`${"x\n".repeat(100)}three\n`);
  assertEquals(reader.endSection(), `${"x\n".repeat(19)}three`);
  assertEquals(lines.length, 103);
});

Deno.test("StderrLines takes bytes that are not text", () => {
  const { lines } = linesOf("", 1);
  assertEquals(lines, []);
  const reader = new StderrLines((line) => lines.push(line));
  reader.push(new Uint8Array([0xff, 0x61, 0xc3, 0x0a, 0xf0, 0x9f]));
  reader.end();
  assertEquals(lines, ["\ufffda\ufffd", "\ufffd"]);
});
