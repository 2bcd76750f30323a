import { assertEquals } from "@std/assert";
import { SIGN_START, SignRemover } from "../../../tunnel/connection/sign_remover.ts";

const MARKER = "0123456789abcdef";
const START = String.fromCharCode(...SIGN_START);
const SIGN = `${START}${MARKER}S`;

/** What is left of `text`, which comes in pieces of `size` characters, and the number of signs. */
function remove(text: string, size: number): [text: string, signs: number] {
  let left = "";
  let signs = 0;
  const remover = new SignRemover({
    marker: MARKER,
    onBytes: (bytes) => left += new TextDecoder().decode(bytes),
    onSign: () => signs++,
    onNext: () => left += "<next>",
  });
  for (let at = 0; at < text.length; at += size) {
    const chunk = new TextEncoder().encode(text.slice(at, at + size));
    remover.push(chunk);
    chunk.fill(0); // as the next read does
  }
  remover.end();
  return [left, signs];
}

Deno.test("SignRemover takes signs out of text, wherever they stand and however it is cut", () => {
  for (
    const [text, left, signs] of [
      ["", "", 0],
      [SIGN, "", 1],
      [`one ${SIGN}line\n${SIGN}${SIGN}x`, "one line\nx", 3],
      [`${START}${START}${SIGN}${START}`, `${START.repeat(3)}`, 1],
      [`${SIGN.slice(0, -3)}${SIGN}`, SIGN.slice(0, -3), 1],
      [`${SIGN.slice(0, -1)}`, SIGN.slice(0, -1), 0],
      [`${START}0123456789abcdeX${SIGN}`, `${START}0123456789abcdeX`, 1],
    ] as const
  ) {
    for (let size = 1; size <= text.length + 1; size++) {
      assertEquals(remove(text, size), [left, signs], JSON.stringify([text, size]));
    }
  }
});

Deno.test("SignRemover takes the sign of a stopped agent for none", () => {
  assertEquals(remove(`a${START}${MARKER}Tb`, 5), ["ab", 0]);
});

Deno.test("SignRemover tells where the words of an interpreter end that did not come up", () => {
  const text = `one${SIGN}${START}${MARKER}Ntwo`;
  for (let size = 1; size <= text.length; size++) {
    assertEquals(remove(text, size), ["one<next>two", 1]);
  }
});
