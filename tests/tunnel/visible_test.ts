import { assertEquals } from "@std/assert";
import { visible, visibleError } from "../../tunnel/_visible.ts";

Deno.test("visible() shows control characters", () => {
  assertEquals(visible("\x1b[31m\x07\x00\r\x7f\x9b"), "\\x1b[31m\\x07\\x00\\x0d\\x7f\\x9b");
  assertEquals(visible("\u202eabc\u2066\u2028"), "\\u202eabc\\u2066\\u2028");
});

Deno.test("visible() leaves text, tabs and line breaks alone", () => {
  const text = "plain\ttext\nof all kinds: é 🥢 שלום \\x1b";
  assertEquals(visible(text), text);
});

Deno.test("visibleError() reaches all errors that an error leads to, and ends", () => {
  const inner = new Error("\x1b1");
  const list = new AggregateError([inner, new Error("\x1b2")], "\x1b3", { cause: inner });
  inner.cause = list;
  list.name = "\x1b4";
  visibleError(list);
  assertEquals(
    [list.message, list.name, ...list.errors.map(({ message }: Error) => message)],
    ["\\x1b3", "\\x1b4", "\\x1b1", "\\x1b2"],
  );
  assertEquals([list, inner].some(({ stack }) => stack!.includes("\x1b")), false);
  visibleError("no error");
});
