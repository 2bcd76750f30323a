import { assertEquals } from "@std/assert";
import { MarkedStream } from "../../../tunnel/login/marked_stream.ts";

Deno.test("MarkedStream takes its words out of the bytes, however they are cut", () => {
  const text = "ä lecture\nab12Sorry, try again.\nab12ab1ab2xxab99 after, ab12 too";
  const bytes = new TextEncoder().encode(text);
  for (let size = 1; size <= bytes.length; size++) {
    const words: string[] = [];
    const stream = new MarkedStream(["ab12", "ab99"], (word) => words.push(word));
    const passed: number[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      passed.push(...stream.push(bytes.subarray(at, at + size)));
    }
    assertEquals(words, ["ab12", "ab12", "ab99"]);
    assertEquals(
      new TextDecoder().decode(new Uint8Array(passed)),
      "ä lecture\nSorry, try again.\nab1ab2xx after, ab12 too",
    );
  }
});
