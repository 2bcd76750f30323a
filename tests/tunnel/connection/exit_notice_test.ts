import { assertEquals, assertThrows } from "@std/assert";
import { FrameType, HEADER_SIZE, MAGIC, writeHeader } from "../../../agent/wire/frame.ts";
import { ProtocolError } from "../../../agent/wire/protocol_error.ts";
import { exitCodeAtEnd, readExitCode } from "../../../tunnel/connection/exit_notice.ts";

const MARKER = "0123456789abcdef0123456789abcdef";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The bytes `before`, and an EXIT frame with this payload. */
function withExit(payload: string, before: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(before.length + HEADER_SIZE + payload.length);
  bytes.set(before);
  writeHeader(bytes.subarray(before.length), FrameType.EXIT, 0, 0, payload.length);
  bytes.set(bytesOf(payload), before.length + HEADER_SIZE);
  return bytes;
}

Deno.test("exitCodeAtEnd() finds the shell's frame, whatever is before it", () => {
  const long = new Uint8Array(65_000).fill(MAGIC >>> 8);
  for (const before of [new Uint8Array(0), bytesOf("part of a frame"), long]) {
    // A chunk is in the middle of a larger buffer.
    const chunk = new Uint8Array([1, 2, ...withExit(`137${MARKER}`, before)]).subarray(2);
    assertEquals(exitCodeAtEnd(chunk, MARKER), { code: 137, before });
  }
});

Deno.test("exitCodeAtEnd() leaves out what a program in front of the agent says after it", () => {
  const before = bytesOf("part of a frame");
  for (const after of ["\n", 'pod "web-0" deleted\n', "x".repeat(1024)]) {
    const chunk = new Uint8Array([...withExit(`137${MARKER}`, before), ...bytesOf(after)]);
    assertEquals(exitCodeAtEnd(chunk, MARKER), { code: 137, before });
  }
});

Deno.test("exitCodeAtEnd() takes nothing else for the frame", () => {
  const whole = withExit(`007${MARKER}`);
  for (let length = 0; length < whole.length; length++) {
    assertEquals(exitCodeAtEnd(whole.subarray(0, length), MARKER), undefined);
  }
  assertEquals(exitCodeAtEnd(withExit(`007${MARKER.replace("0", "1")}`), MARKER), undefined);
  assertEquals(
    exitCodeAtEnd(bytesOf(`some text of more than a frame's 007${MARKER}`), MARKER),
    undefined,
  );
});

Deno.test("readExitCode() refuses a payload that is not the shell's", () => {
  assertEquals(readExitCode(bytesOf(`093${MARKER}`), MARKER), 93);
  for (const code of ["", "1", "12x", "-01", "0001"]) {
    assertThrows(() => readExitCode(bytesOf(`${code}${MARKER}`), MARKER), ProtocolError);
  }
  assertThrows(() => readExitCode(bytesOf("093"), MARKER), ProtocolError);
});
