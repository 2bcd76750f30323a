import { assert, assertEquals } from "@std/assert";
import { inspect } from "node:util";
import { callback, Local } from "../../mod.ts";
import { showError, visible, visibleSource } from "../../tunnel/visible.ts";
import { rejection } from "./_deadline.ts";

Deno.test("visible() shows control characters", () => {
  assertEquals(visible("\x1b[31m\x07\x00\r\x7f\x9b"), "\\x1b[31m\\x07\\x00\\x0d\\x7f\\x9b");
  assertEquals(visible("\u202eabc\u2066\u2028"), "\\u202eabc\\u2066\\u2028");
});

Deno.test("visible() leaves text, tabs and line breaks alone", () => {
  const text = "plain\ttext\nof all kinds: é 🥢 שלום \\x1b";
  assertEquals(visible(text), text);
});

Deno.test("showError() shows texts, also those that are not strings", () => {
  const deep: unknown[] = [];
  let array = deep;
  for (let i = 0; i < 40; i++) array = [array, array];
  const cases: [value: unknown, shown: string | undefined][] = [
    ["\x1b[2J", "\\x1b[2J"],
    ["plain", "plain"],
    [["\x1b", 1, null], "\\x1b,1,null"],
    [{ toString: 1 }, "[object Object]"],
    [array, "[object Array]"],
    [5n, "5"],
    [undefined, undefined],
    [null, "null"],
  ];
  for (const key of ["message", "name", "stack"]) {
    for (const [value, shown] of cases) {
      const error = new Error("x");
      Object.defineProperty(error, key, { value, configurable: true });
      showError(error);
      assertEquals(Reflect.get(error, key), shown, `${key}: ${shown}`);
    }
  }
  const exception = new DOMException("\x1b", "\x1b");
  showError(exception);
  assertEquals([exception.message, exception.name], ["\\x1b", "\\x1b"]);
});

Deno.test("visibleSource() gives a source that means the same", () => {
  const parts = [
    ...["\x1b", "\\", "\x07", "\u2028", "[", "]", "-", "^", "a", "(", ")", "|", "\u202e", "\x9b"],
    ...["\\\x1b", "\\x1b", "\\c", "*", "{1}", "\0", "\r"],
  ];
  const texts = parts.flatMap((one) => [one, `a${one}`, `${one}a`, one + one]);
  let state = 1;
  const random = (n: number): number => {
    state = Math.imul(state, 1_103_515_245) + 12_345 >>> 0;
    return (state >>> 8) % n;
  };
  let count = 0;
  for (let i = 0; i < 20_000; i++) {
    const source = Array.from({ length: 1 + random(6) }, () => parts[random(parts.length)]).join(
      "",
    );
    const flags = ["", "i", "s"][random(3)]!;
    let pattern: RegExp;
    try {
      pattern = new RegExp(source, flags);
    } catch {
      continue;
    }
    const shown = visibleSource(pattern.source);
    // deno-lint-ignore no-control-regex -- the source must not contain it
    assert(!/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]/.test(shown), JSON.stringify(shown));
    const same = new RegExp(shown, flags);
    for (const text of texts) {
      assertEquals(same.exec(text)?.slice(), pattern.exec(text)?.slice(), JSON.stringify(source));
    }
    count++;
  }
  assert(count > 5_000);
});

/** Sends its answers straight to the terminal, if they are printed. */
function hostile(): unknown[] {
  const escape = "\x1b]0;title\x07";
  const bad = (): Error => new TypeError(escape);
  const odd = (key: string, value: unknown): Error =>
    Object.defineProperty(bad(), key, { value, configurable: true, writable: true });
  const pattern = new RegExp(escape);
  const withoutStack = bad();
  delete withoutStack.stack;
  return [
    bad(),
    withoutStack,
    new Error("", { cause: [bad()] }),
    Object.assign(new Error(), { inner: { error: bad() }, code: escape }),
    new AggregateError([bad(), [bad()]], escape, { cause: bad() }),
    new Map<unknown, unknown>([[bad(), new Set([bad(), pattern])], [new RegExp(escape), pattern]]),
    { pattern: new RegExp(escape), list: [new RegExp(`[\\${"\x1b"}-a]`)] },
    ...[[escape], { q: escape }, [[escape]], 5].flatMap((value) =>
      ["name", "message", "stack"].map((key) => odd(key, value))
    ),
    Object.freeze(bad()),
    ...["message", "code"].map((key) =>
      Object.defineProperty(bad(), key, { value: escape, enumerable: true })
    ),
    new DOMException(escape, "AbortError"),
  ];
}

Deno.test("nothing that a far end gives is printed with control characters", async () => {
  await using tun = new Local();
  // deno-lint-ignore no-control-regex -- these are what it is about
  const escapes = /[\x1b\x07]/;
  const seen: unknown[] = [];
  const count = await tun.call(() => hostile().length);
  for (let i = 0; i < count; i++) {
    const thrown = await rejection(tun.call((i: number) => {
      throw hostile()[i];
    }, i));
    const returned = await tun.call((i: number) => hostile()[i], i);
    // A stream has no handles for exceptions.
    const streamed = i === count - 1 ? [] : await Array.fromAsync(
      await tun.call(async function* (i: number) {
        yield hostile()[i];
      }, i),
    );
    const given = await tun.call(
      async (give: (value: unknown) => unknown, i: number) => await give(hostile()[i]),
      callback((value: unknown) => void seen.push(value)),
      i,
    );
    for (const value of [thrown, returned, streamed, given, seen.at(-1)]) {
      for (const text of [Deno.inspect(value), inspect(value)]) {
        assert(!escapes.test(text), `${i}: ${JSON.stringify(text)}`);
      }
    }
  }
});

Deno.test("visible() cuts what nobody would read", () => {
  const shown = visible("\x1b".repeat(10_000_000));
  assertEquals(shown.length < 300_000, true);
  assertEquals(shown.endsWith("… (9934464 characters more)"), true);
});
