import { assertEquals } from "@std/assert";
import { visible, visibleErrors } from "../../tunnel/visible.ts";

Deno.test("visible() shows control characters", () => {
  assertEquals(visible("\x1b[31m\x07\x00\r\x7f\x9b"), "\\x1b[31m\\x07\\x00\\x0d\\x7f\\x9b");
  assertEquals(visible("\u202eabc\u2066\u2028"), "\\u202eabc\\u2066\\u2028");
});

Deno.test("visible() leaves text, tabs and line breaks alone", () => {
  const text = "plain\ttext\nof all kinds: é 🥢 שלום \\x1b";
  assertEquals(visible(text), text);
});

Deno.test("visibleErrors() reaches all errors that an error leads to, and ends", () => {
  const inner = new Error("\x1b1");
  const list = new AggregateError([inner, new Error("\x1b2")], "\x1b3", { cause: inner });
  inner.cause = list;
  list.name = "\x1b4";
  visibleErrors(list);
  assertEquals(
    [list.message, list.name, ...list.errors.map(({ message }: Error) => message)],
    ["\\x1b3", "\\x1b4", "\\x1b1", "\\x1b2"],
  );
  assertEquals([list, inner].some(({ stack }) => stack!.includes("\x1b")), false);
  visibleErrors("no error");
});

Deno.test("visibleErrors() reaches errors and regular expressions wherever they are", () => {
  const bad = (): Error => new Error("\x1b]0;x\x07");
  const errors = [bad(), bad(), bad(), bad(), bad()] as const;
  const thrown = Object.assign(new Error("", { cause: [errors[0]] }), {
    inner: { error: errors[1], pattern: /x/ },
    map: new Map([[errors[2], new Set([errors[3]])]]),
    list: new AggregateError([[errors[4]]]),
  });
  Object.defineProperty(thrown.inner, "pattern", { value: new RegExp("\x1b", "g") });
  visibleErrors(thrown);
  assertEquals(errors.map(({ message }) => message), errors.map(() => "\\x1b]0;x\\x07"));
  assertEquals(`${thrown.inner.pattern}`, "/\\x1b/g");
  assertEquals(thrown.inner.pattern.test("\x1b"), true);
  // deno-lint-ignore no-control-regex -- the output must not contain it
  assertEquals(/\x1b/.test(Deno.inspect(thrown)), false);
});

Deno.test("visible() cuts what nobody would read", () => {
  const shown = visible("\x1b".repeat(10_000_000));
  assertEquals(shown.length < 300_000, true);
  assertEquals(shown.endsWith("… (9934464 characters more)"), true);
});
