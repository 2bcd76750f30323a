import { assertEquals } from "@std/assert";
import { LineEditor } from "../../../tunnel/login/line_editor.ts";

/** Types keys, and gives the line, what was echoed and the last event. */
function typed(keys: string): [line: string, echo: string, event: string | undefined] {
  let echo = "";
  const editor = new LineEditor((shown) => echo += shown);
  let event: string | undefined;
  for (const char of keys) event = editor.push(char) ?? event;
  return [editor.line, echo, event];
}

Deno.test("LineEditor knows the keys of a terminal", () => {
  assertEquals(typed("yes\r"), ["yes", "yes", "end"]);
  assertEquals(typed("ä€😀\n"), ["ä€😀", "ä€😀", "end"]);
  assertEquals(typed("ab\x7f\bc"), ["c", "ab\b \b\b \bc", undefined]);
  assertEquals(typed("\x7f\x7fa"), ["a", "a", undefined]);
  assertEquals(typed("wrong\x15right")[0], "right");
  assertEquals(typed("\x04"), ["", "", "none"]);
  assertEquals(typed("a\x04"), ["a", "a", "end"]);
  assertEquals(typed("a\x03")[2], "interrupt");
  assertEquals(typed("a\x1a")[2], "suspend");
  assertEquals(typed("a\x1c")[2], "quit");
});

Deno.test("LineEditor leaves out keys without a meaning here", () => {
  // Arrows, Home in two ways, Delete, a paste in brackets, Alt-x, Ctrl-A.
  assertEquals(typed("a\x1b[Ab\x1bOHc\x1b[3~d\x1b[1;5Ce\x1bx\x01f")[0], "abcdef");
  assertEquals(typed("\x1b[200~pasted\x1b[201~")[0], "pasted");
  assertEquals(typed("a\x1b\x03")[2], "interrupt");
  assertEquals(typed("a\x1b[\r")[2], "end");
});
