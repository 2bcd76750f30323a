import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { inspect } from "node:util";
import { ConnectionError, ErrorResult, Group, GroupResult, Local, RemoteError } from "../../mod.ts";

const failed = (host: string, message: string): ErrorResult =>
  new ErrorResult(
    new RemoteError(host, "report()", { name: "Error", message, stack: "Error\n    at x" }),
  );

/** What a notebook would show. */
function display(value: object): { "text/plain": string; "text/html": string } {
  return (value as Record<symbol, () => ReturnType<typeof display>>)[
    Symbol.for("Jupyter.display")
  ]!();
}

Deno.test("ErrorResult takes its texts from the error", () => {
  const error = new RemoteError("a", "report()", {
    name: "RangeError",
    message: "no\x1b[2J",
    stack: "RangeError: no\n    at x",
  });
  const result = new ErrorResult(error);
  assertEquals(result.msg, "report() failed on a: RangeError: no\\x1b[2J");
  assertEquals(result.tb, "RangeError: no\n    at x");
  assertStrictEquals(result.error, error);
  assertEquals([result.skipped, result.aborted], [false, false]);
  assertEquals(String(result), result.msg);
  assertEquals(Deno.inspect([result]), `[ ErrorResult: ${result.msg} ]`);
  assertEquals(inspect(result), `ErrorResult: ${result.msg}`);
  const texts = [new Error("x"), new TypeError(), "reason", undefined, { code: 1 }, Symbol("s")];
  assertEquals(
    texts.map((error) => new ErrorResult(error).msg),
    ["x", "TypeError", "reason", "undefined", "{ code: 1 }", "Symbol(s)"],
  );
  assertEquals(new ErrorResult(1).tb, null);
});

Deno.test("GroupResult tells successes and failures apart", () => {
  const error = failed("b", "no");
  const result = new GroupResult<number>([["a", 1], ["b", error], ["c", 3]]);
  assert(result instanceof Map);
  assertEquals([...result.successful()], [["a", 1], ["c", 3]]);
  assertEquals([...result.failures()], [["b", error]]);
});

Deno.test("GroupResult.raiseFailures() names each failed host and the reason", () => {
  const good = new GroupResult<number>([["a", 1]]);
  const values: Map<string, number> = good.raiseFailures();
  assertStrictEquals(values as unknown, good);
  const errors = [failed("b", "no"), failed("c", "no"), failed("d", "off")];
  const result = new GroupResult<number>([
    ["a", 1],
    ...["b", "c", "d"].map((host, i) => [host, errors[i]!] as [string, ErrorResult]),
    ["e.f", failed("e.f", "one\ntwo\x1b")],
  ]);
  const error = assertThrows(() => result.raiseFailures(), RemoteError);
  assertEquals(
    error.message,
    "4 of 5 hosts failed: b, c: report() failed: Error: no; d: report() failed: Error: off; " +
      "e.f: report() failed: Error: one ⏎ two\\x1b",
  );
  assertEquals([error.host, error.remoteStack], ["b, c, d, e.f", null]);
  const { errors: causes } = error.cause as AggregateError;
  assertEquals(causes, [...result.failures()].map(([, { error }]) => error));
});

Deno.test("GroupResult.raiseFailures() counts the hosts that failed apart from the others", () => {
  const skipped = new ErrorResult("too many", { skipped: true });
  const aborted = new ErrorResult("enough", { aborted: true });
  const both = new ErrorResult("enough", { aborted: true, skipped: true });
  const down = failed("x", "down");
  const reason = "report() failed on x: Error: down";
  const cases: [results: ErrorResult[], message: string][] = [
    [[down, skipped, skipped], `1 of 4 hosts failed, 2 skipped: h0: ${reason}; h[1-2]: too many`],
    [
      [skipped, aborted, down],
      `1 of 4 hosts failed, 1 aborted, 1 skipped: h0: too many; ` +
      `h1: enough; h2: ${reason}`,
    ],
    [[aborted, both, both], "1 of 4 hosts aborted, 2 skipped: h[0-2]: enough"],
    [[skipped], "1 of 2 hosts skipped: h0: too many"],
  ];
  for (const [results, message] of cases) {
    const entries = results.map((result, i): [string, ErrorResult] => [`h${i}`, result]);
    const result = new GroupResult<number>([...entries, ["ok", 1]]);
    const error = assertThrows(() => result.raiseFailures(), RemoteError);
    assertEquals(error.message, message);
    assertEquals((error.cause as AggregateError).errors, results.map(({ error }) => error));
    assertEquals((error.cause as AggregateError).message, message.slice(0, message.indexOf(":")));
  }
});

Deno.test("GroupResult.toJSON() has each host's value or what happened", () => {
  const result = new GroupResult<unknown>([
    ["web2", { port: 80 }],
    ["web1", failed("web1", "no")],
    ["web3", undefined],
    ["__proto__", new ErrorResult("enough", { aborted: true, skipped: true })],
    ["web4", new ErrorResult("too many", { skipped: true })],
    ["web5", new ErrorResult("enough", { aborted: true })],
  ]);
  assertEquals(
    JSON.stringify(result),
    '{"web2":{"port":80},"web1":{"error":"report() failed on web1: Error: no"},"web3":null,' +
      '"__proto__":{"error":"enough","skipped":true,"aborted":true},' +
      '"web4":{"error":"too many","skipped":true},"web5":{"error":"enough","aborted":true}}',
  );
  assertEquals(JSON.stringify([new ErrorResult("x")]), '[{"error":"x"}]');
  assertEquals(JSON.stringify(new GroupResult()), "{}");
});

Deno.test("a GroupResult is printed as a table", async (t) => {
  const print = (entries: [string, unknown][], options = {}): string =>
    Deno.inspect(new GroupResult(entries), options);
  const numbered = (count: number, value: (i: number) => unknown): [string, unknown][] =>
    Array.from({ length: count }, (_, i) => [`h${i}`, value(i)]);

  await t.step("in which hosts with the same outcome share a row", () => {
    const text = print([
      ["web9", failed("web9", "down")],
      ["web1", "Debian 12"],
      ["web10", new ErrorResult("enough", { aborted: true })],
      ["web2", "Debian 11"],
      ["web3", "Debian 12"],
      ["web11", failed("web11", "down")],
      ["web12", new ErrorResult(new Error("it is over"), { skipped: true })],
    ]);
    assertEquals(
      text,
      `GroupResult: 3 ok, 2 failed, 1 aborted, 1 skipped
  web[1,3] (2)   "Debian 12"
  web2           "Debian 11"
  web[9,11] (2)  failed: report() failed: Error: down
  web10          aborted: enough
  web12          skipped: it is over`,
    );
  });

  await t.step("in which hosts are folded as ranges", () => {
    assertEquals(print(numbered(97, () => true)), "GroupResult: 97 ok\n  h[0-96] (97)  true");
    const hosts = ["web08", "web09", "web10", "web12", "r1n1", "r1n2", "r2n1", "r2n2", "db"];
    const names = "web[08-10,12],r[1-2]n[1-2],db (9)";
    assertEquals(print(hosts.map((host) => [host, 1])), `GroupResult: 9 ok\n  ${names}  1`);
    // A longer list stands on a line of its own, and a very long one is cut.
    const words = Array.from({ length: 300 }, (_, i) => "x".repeat(i + 1));
    const [, label, value] = print(words.map((host) => [host, 1])).split("\n");
    assertMatch(label!, /^ {2}x,xx,xxx,.{900,}… \(300\)$/);
    assertEquals(value, "    1");
    assertEquals(print([]), "GroupResult: no hosts");
  });

  await t.step("with what wants attention at its end", () => {
    const lines = print([["bad", failed("bad", "down")], ...numbered(150, (i) => i)]).split("\n");
    assertEquals(lines.length, 1 + 100 + 1 + 1);
    assertEquals(lines.at(-2), "  … (50 different values more)");
    assertEquals(lines.at(-1)?.trim().split(/\s+/).slice(0, 2), ["bad", "failed:"]);
  });

  await t.step("long values are cut, but not taken for the same", () => {
    const text = print([
      ["a", "x".repeat(1_000_000)],
      ["b", `${"x".repeat(999_999)}y`],
      ["c", new Uint8Array(10_000)],
      ["d", Uint8Array.from({ length: 10_000 }, (_, i) => Number(i > 9_000))],
      ["e", new Error(`many\n${"lines\n".repeat(1_000)}`)],
    ]);
    assert(text.length < 12_000, `${text.length}`);
    for (const host of "abcd") assert(new RegExp(`^  ${host} +\\S`, "m").test(text), text);
    assert(/^ {4}… \(\d+ lines more\)$/m.test(text), text);
  });

  await t.step("with the first lines of what happened", () => {
    const messages = ["a\n\n  b \nc\n", "a\nb\nc\nd", "\nreal", "run:\nno such unit", ""];
    const text = print(messages.map((message, i) => [`h${i}`, failed(`h${i}`, message)]));
    assertEquals(text.split("\n").slice(1).map((line) => line.split("failed: Error:")[1]), [
      ...[" a ⏎ b ⏎ c", " a ⏎ b ⏎ c ⏎ …", " real", " run: no such unit", ""],
    ]);
  });

  await t.step("in columns, whatever characters a name has", () => {
    const hosts = ["a", "東京", "cafe\u0301", "한국어", "🥢x", "a\nb  failed: forged\t"];
    const lines = print(hosts.map((host, i) => [host, i])).split("\n").slice(1);
    assertEquals(lines, [
      "  a                       0",
      "  東京                    1",
      "  cafe\u0301                    2",
      "  한국어                  3",
      "  🥢x                     4",
      String.raw`  a\nb  failed: forged\t  5`,
    ]);
  });

  await t.step("in which hosts cannot write what they like", () => {
    const text = print([
      ["a", new Error("bad\x1b[2J\n  b  ok\u202e")],
      ["b", "\x1b[31m"],
      ["\x9bc", failed("\x9bc", "\x1b]0;title\x07")],
      ["d", { "\x1b[2J": new Map([["\x07", "\n  e  1"]]) }],
    ], { colors: true });
    // deno-lint-ignore no-control-regex -- these are its own colours
    const plain = text.replaceAll(/\x1b\[(3[1-3]|39)m/g, "");
    // deno-lint-ignore no-control-regex -- these are what it is about
    assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(plain), JSON.stringify(plain));
    assertEquals(plain.match(/^ {2}\S+/gm), ["  a", "  b", "  d", "  \\x9bc"]);
    assert(text.startsWith("GroupResult: \x1b[32m3 ok\x1b[39m, \x1b[31m1 failed\x1b[39m\n"));
  });

  await t.step("inside of something else, and by Node's inspect()", () => {
    const result = new GroupResult<unknown>([["a", { deep: { deeper: { deepest: 1 } } }], [
      "b",
      "'",
    ]]);
    assertEquals(
      Deno.inspect({ result }),
      `{
  result: GroupResult: 2 ok
    a  { deep: { deeper: { deepest: 1 } } }
    b  "'"
}`,
    );
    assertEquals(
      Deno.inspect(result, { depth: 1 }),
      `GroupResult: 2 ok\n  a  { deep: { deeper: [Object] } }\n  b  "'"`,
    );
    assertEquals(inspect(result).split("\n")[0], "GroupResult: 2 ok");
    assertEquals(String(result).split("\n").length, 3);
    const custom = Reflect.get(result, Symbol.for("nodejs.util.inspect.custom"));
    assertEquals(custom.call(result, -1, {}, inspect), "[GroupResult]");
    assertEquals(custom.call(result, null, {}, inspect).split("\n").length, 3);
  });
});

Deno.test("a notebook shows a GroupResult as a table", () => {
  const result = new GroupResult<unknown>([
    ["<b>a</b>", "<script>alert(1)</script>"],
    ["b", failed("b", "<img src=x onerror='alert(1)'>&\x1b[2J")],
    ["c", { '"<i>': 1 }],
  ]);
  const { "text/plain": text, "text/html": html } = display(result);
  assertEquals(text, String(result));
  assertEquals(
    [...html.matchAll(/<(\/?\w+)/g)].map(([, tag]) => tag).filter((tag) =>
      !/^\/?(table|caption|thead|tbody|tr|th|td)$/.test(tag!)
    ),
    [],
  );
  for (
    const part of [
      "<caption>GroupResult: 2 ok, 1 failed</caption>",
      ">&lt;b&gt;a&lt;/b&gt;</td>",
      "&lt;script&gt;alert(1)&lt;/script&gt;",
      "failed: report() failed: Error: &lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;\\x1b[2J</td>",
    ]
  ) assert(html.includes(part), `${part} in ${html}`);
  assertEquals(html.match(/<tr>/g)?.length, 4);
});

Deno.test("a notebook shows a Group as a table", async () => {
  await using group = new Group([new Local("<a>"), "web1"]);
  await group.tunnels[0]!.connect();
  const { "text/plain": text, "text/html": html } = display(group);
  assertEquals(text, String(group));
  const cells = [...html.matchAll(/<t[dh] [^>]*>([^<]*)</g)].map(([, cell]) => cell);
  assertEquals(cells, [
    ...["Host", "Tunnel", "Agent"],
    ...["&lt;a&gt;", "Local", `deno ${Deno.version.deno} on ${Deno.build.os}`],
    ...["web1", "SSHTunnel", "not connected"],
  ]);
});

Deno.test("a GroupResult says of a lost connection no more than what happened", () => {
  const command = ["ssh", "-T", "--", "host", "exec sh"];
  const lost = (host: string): [string, ErrorResult] => [
    host,
    new ErrorResult(
      new ConnectionError(host, `Cannot connect to ${host}: ssh exited with code 255: refused`, {
        ...{ command, exitCode: 255, stderr: "first\nrefused", stdout: "a banner" },
      }),
    ),
  ];
  const result = new GroupResult([lost("a"), lost("b")]);
  const reason = "Cannot connect: ssh exited with code 255: refused";
  assertEquals(String(result), `GroupResult: 2 failed\n  a,b (2)  failed: ${reason}`);
  const { message } = assertThrows(() => result.raiseFailures(), RemoteError);
  assertEquals(message, `2 of 2 hosts failed: a, b: ${reason}`);
});

Deno.test("a GroupResult has one row for one failure of a file on many hosts", async () => {
  await using group = new Group([new Local("a"), new Local("b")]);
  for (const result of [await group.put({ text: "x" }, "/no/x"), await group.fetch("/no/x")]) {
    const [, row, ...others] = String(result).split("\n");
    assertStringIncludes(row!, "a,b (2)  failed: ");
    assertMatch(row!, /\/no\/x: (no such folder to put it in|no such file or folder) \(ENOENT\)/);
    assertEquals(others, []);
  }
});
