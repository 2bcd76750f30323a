import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { inspect } from "node:util";
import { ErrorResult, Group, GroupResult, Local, RemoteError } from "../../mod.ts";
import { sh, type ShResult } from "../../agent/sh.ts";
import { screenAfter } from "../examples/_screen.ts";
import { command, which } from "../services/command.ts";
import { needing, service, slow } from "../services/services.ts";
import { makeProject } from "../tunnel/_project.ts";

const MOD = import.meta.resolve("../../mod.ts");

type Entries = readonly (readonly [string, unknown])[];

function print(entries: Entries, options: Deno.InspectOptions = {}): string {
  return Deno.inspect(new GroupResult(entries), options);
}

function html(entries: Entries): string {
  const display = Reflect.get(new GroupResult(entries), Symbol.for("Jupyter.display"));
  return display.call(new GroupResult(entries))["text/html"];
}

function output(stdout: string, rest: Partial<ShResult> = {}): ShResult {
  return { command: "x", code: 0, signal: null, stdout, stderr: "", ...rest };
}

Deno.test("a table shows text of several lines as lines below its hosts", () => {
  const text = "Filesystem  Use%\n/dev/vda     31%\n";
  assertEquals(
    print([["web1", text], ["web2", text], ["web3", "one line"], ["web4", "one\n"]]),
    `GroupResult: 4 ok
  web[1-2] (2)
    Filesystem  Use%
    /dev/vda     31%
  web3  "one line"
  web4
    one`,
  );
  const long = Array.from({ length: 500 }, (_, i) => `${"x".repeat(300)} line ${i}`);
  assertEquals(print([["a", long.slice(0, 200).join("\n")]]).split("\n").slice(2), [
    ...long.slice(0, 200).map((line) => `    ${line}`),
  ]);
  assertMatch(print([["a", long.join("\n")]]), /… \(\d+ characters more\)$/);
});

Deno.test("a table shows the diff of a transfer as lines below its hosts", () => {
  const put = (changed: boolean, diff: string): unknown => ({
    ...{ remotePath: "/etc/motd", size: 2, sha1sum: "0", changed, diff },
  });
  const tree = { localDir: "/a", remoteDir: "/b", skipped: [], unchanged: 0, bytes: 0 };
  const synced = (counts: number[], diff: string): unknown => {
    const [created, updated, deleted] = counts.map((count) => Array(count).fill("x"));
    return { ...tree, created, updated, deleted, diff };
  };
  const diff = "--- /etc/motd\n+++ /etc/motd\n@@ -1,1 +1,1 @@\n-\x1b[2J\n+b\n";
  assertEquals(
    print([
      ...[["web1", put(true, diff)], ["web2", put(true, diff)], ["web3", put(false, "")]] as const,
      ["db1", synced([2, 1, 0], "Mode of x: 0644 becomes 0600\n")],
      ["db2", synced([0, 0, 0], "")],
      ["db3", synced([0, 1, 3], "")],
    ]),
    `GroupResult: 6 ok
  web[1-2] (2)  changed
    --- /etc/motd
    +++ /etc/motd
    @@ -1,1 +1,1 @@
    -\\x1b[2J
    +b
  web3  unchanged
  db1  2 created, 1 updated
    Mode of x: 0644 becomes 0600
  db2  unchanged
  db3  1 updated, 3 deleted`,
  );
  assertStringIncludes(print([["a", put(false, "")]], { colors: true }), "\x1b[33munchanged");
  assertStringIncludes(html([["a", put(true, diff)]]), "-\\x1b[2J\n+b");
  assertStringIncludes(print([["a", { diff: "a\nb", x: 1 }]]), '"a\\nb"');
});

Deno.test("a table shows what a command printed, and how it ended", async () => {
  await using group = new Group([new Local("web1"), new Local("web2")]);
  assertEquals(
    String(await group.call(sh, "echo up")),
    "GroupResult: 2 ok\n  web[1-2] (2)\n    up",
  );
  assertEquals(
    print([
      ["a", output("")],
      ["b", output("", { code: 3 })],
      ["c", output("said\n", { code: 1, stderr: "two\nlines\n" })],
      ["d", output("", { code: null, signal: "SIGKILL" })],
      ["e", output("up\n", { stderr: "a warning" })],
      ["f", output("\n\n x\n")],
    ]),
    `GroupResult: 6 ok
  a  no output
  b  code 3
  c  code 1
    said
    stderr: two
    stderr: lines
  d  ended by SIGKILL
  e
    up
    stderr: a warning
  f
    
    
     x`,
  );
  // Bytes are no text, and what only looks like a result is a value like others.
  assertMatch(print([["a", { ...output(""), stdout: new Uint8Array(2) }]]), /Uint8Array/);
  assertMatch(print([["a", { ...output("x\n"), more: 1 }]]), /more/);
});

Deno.test("a table shows what only looks like the end of a command as it is", () => {
  const endless = Array.from({ length: 60 }).reduce<unknown>((inner) => [inner, inner], "x");
  const end = { command: "true", signal: null, stdout: "out", stderr: "" };
  for (const code of [endless, "5", [5]]) {
    assertMatch(inspect(new GroupResult([["a", { ...end, code }]])), /"?true"? +null +out/);
  }
});

Deno.test("a table shows a line of tabs where they lead, and at once if there are many", () => {
  const shown = inspect(new GroupResult([["a", "x\ty漢\t1234567\t12345678\tz\n-"]]));
  assertStringIncludes(shown, "x       y漢     1234567 12345678        z\n");
  const many = inspect(new GroupResult([["a", `${"\t".repeat(60_000)}x\n`]]));
  assert(many.includes(`${" ".repeat(8 * 60_000)}x`), `it has ${many.length} characters`);
});

Deno.test("a table shows what hosts say without letting them write what they like", () => {
  const evil = "one\x1b[2J\n  b  ok\r\n\ttwo\x9b\u202e\0";
  for (const value of [evil, output(evil), output("", { stderr: evil, signal: evil })]) {
    const text = print([["a", value], ["b", { [evil]: evil }], ["c", { [evil]: evil }]]);
    // deno-lint-ignore no-control-regex -- these are what it is about
    assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(text), JSON.stringify(text));
    assertEquals(text.match(/^ {2}[^ \n]+/gm), ["  a", "  b,c"]);
  }
  const columns = print([["a", { [evil]: evil }], ["b", { [evil]: "x" }]]).split("\n");
  assertEquals(columns.length, 4);
  assertStringIncludes(columns[1]!, String.raw`one\x1b[2J\n  b  ok\x0d\n\ttwo\x9b\u202e\x00`);
});

Deno.test("a table has columns if all values are plain objects with the same keys", () => {
  const entries = [
    ["web1", { name: "deno", load: 0.5, jobs: 12, tags: ["a"], note: "" }],
    ["web2", { jobs: 3, name: "東京", load: 10, tags: [], note: "true" }],
    ["web3", { name: "deno", load: 0.5, jobs: 12, tags: ["a"], note: "" }],
    ["web4", new ErrorResult("down")],
  ] as const;
  assertEquals(
    print(entries),
    `GroupResult: 3 ok, 1 failed
                name  load  jobs  tags     note
  web[1,3] (2)  deno   0.5    12  [ "a" ]  ""
  web2          東京    10     3  []       "true"
  web4          failed: down`,
  );
  const cells = [...html(entries).matchAll(/<t[dh] [^>]*>([^<]*)</g)].map(([, text]) => text);
  assertEquals(cells, [
    ...["Hosts", "name", "load", "jobs", "tags", "note"],
    ...["web[1,3] (2)", "deno", "0.5", "12", "[ &quot;a&quot; ]", "&quot;&quot;"],
    ...["web2", "東京", "10", "3", "[]", "&quot;true&quot;"],
    ...["web4", "failed: down", "", "", "", ""],
  ]);
  // Not if a key is missing, a value is none, or there are no keys.
  for (
    const other of [{ name: "x" }, { name: "x", load: 1, more: 2 }, 5, null, [1, 2], new Date(0)]
  ) {
    const text = print([["a", { name: "x", load: 1 }], ["b", other]]);
    assertEquals(text.split("\n")[1], '  a  { name: "x", load: 1 }');
  }
  assertEquals(print([["a", {}], ["b", {}]]), "GroupResult: 2 ok\n  a,b (2)  {}");
});

Deno.test("a string in a column has quotes if it could be taken for something else", () => {
  const clear = ["deno", "2.9.6", "a b", "x86_64", "/dev/vda", "é", "-", "a:b"];
  const unclear = ["", " a", "a ", "a  b", "1", "-0.5", "1e3", "0x1f", "5n", "true", "null", "NaN"];
  const quoted = ["undefined", "false", "Infinity", 'a"b', "it's", "a`b", "a\\b", "a\nb", "a\tb"];
  const value = (text: string): string => print([["h", { k: text }]]).split("\n")[2]!.slice(5);
  assertEquals(clear.map(value), clear);
  const all = [...unclear, ...quoted];
  assertEquals(all.map(value), all.map((text) => Deno.inspect(text)));
});

Deno.test(needing("node", "a table is the same on an agent that is Node 18", async () => {
  await using tunnel = new Local("node", { runtime: "node", node: service("node").paths["18"] });
  const shown = await tunnel.call(() => {
    const value = { name: "東京", jobs: 3 };
    const result = new GroupResult([["web1", value], ["web2", value], [
      "db",
      new ErrorResult("x"),
    ]]);
    return [String(result), JSON.stringify(result.rows())];
  });
  assertEquals(shown, [
    "GroupResult: 2 ok, 1 failed\n                name  jobs\n  web[1-2] (2)  東京     3\n" +
    "  db            failed: x",
    '[{"host":"web1","name":"東京","jobs":3},{"host":"web2","name":"東京","jobs":3},' +
    '{"host":"db","error":"x"}]',
  ]);
}));

/** Prints results in a terminal of this many columns, and gives its screen. */
async function screen(source: string, columns: number): Promise<string[]> {
  await using project = await makeProject({
    "main.ts": `import { ErrorResult, GroupResult } from ${JSON.stringify(MOD)};\n${source}`,
  });
  const shell = `stty cols ${columns} rows 50; exec "${Deno.execPath()}" run -A --quiet main.ts`;
  const { stdout, problem } = await command(
    ["script", "--quiet", "--return", "--command", shell, "/dev/null"],
    { cwd: project.folder, env: { NO_COLOR: "1" } },
  );
  assertEquals(problem, "");
  return (await screenAfter(stdout, { columns, rows: 50 })).split("\n");
}

const RESULTS = `
  const line = "Filesystem\\tSize\\t" + "東".repeat(15) + " used\\n";
  console.log(new GroupResult([["web1", line], ["web2", line]]));
  console.log(new GroupResult([["a", { first: "x".repeat(20), second: "y".repeat(20) }]]));
  console.log(new GroupResult([["a", "z".repeat(70)]]));
  console.log(new GroupResult([["a", new ErrorResult("it is said that the disk of this host is full")]]));
`;

Deno.test({
  name: "a table heeds the width of the terminal" +
    (which("script") === undefined ? " (skipped: install util-linux)" : ""),
  ignore: which("script") === undefined,
  async fn() {
    const indented = (text: string): string => `    ${text}`;
    assertEquals(await screen(RESULTS, 40), [
      "GroupResult: 2 ok",
      "  web[1-2] (2)",
      indented(`Filesystem      Size    ${"東".repeat(6)}`),
      indented(`${"東".repeat(9)} used`),
      "GroupResult: 1 ok",
      "  a",
      indented("{"),
      indented(`  first: "${"x".repeat(20)}",`),
      indented(`  second: "${"y".repeat(20)}"`),
      indented("}"),
      "GroupResult: 1 ok",
      "  a",
      indented(`"${"z".repeat(35)}`),
      indented(`${"z".repeat(35)}"`),
      "GroupResult: 1 failed",
      "  a  failed",
      indented("it is said that the disk of this"),
      indented("host is full"),
    ]);
    assertEquals(await screen(RESULTS, 80), [
      "GroupResult: 2 ok",
      "  web[1-2] (2)",
      indented(`Filesystem      Size    ${"東".repeat(15)} used`),
      "GroupResult: 1 ok",
      `     first                 second`,
      `  a  ${"x".repeat(20)}  ${"y".repeat(20)}`,
      "GroupResult: 1 ok",
      `  a  "${"z".repeat(70)}"`,
      "GroupResult: 1 failed",
      "  a  failed: it is said that the disk of this host is full",
    ]);
  },
});

Deno.test("a table has whole lines where there is no terminal", () => {
  const text = "x".repeat(4_000);
  for (const value of [text, { text, more: [text] }, output(text)]) {
    assert(print([["a", value], ["b", 1]]).includes(text));
  }
  assertEquals(print([["a", { text }], ["b", 1]]).split("\n").length, 3);
});

Deno.test("a notebook shows text below its hosts, monospaced", () => {
  const page = html([["a", output("<b>\n  x\n", { code: 1 })], ["b", 5]]);
  assertStringIncludes(page, ">a  code 1</td>");
  assertMatch(page, /<td colspan="2" style="[^"]*pre[^"]*monospace[^"]*">&lt;b&gt;\n {2}x<\/td>/);
  assertEquals(page.match(/<tr>/g)?.length, 4);
});

Deno.test("GroupResult.rows() gives flat objects", () => {
  const error = new RemoteError("e", "f()", { name: "Error", message: "no\nmore", stack: null });
  const proto = JSON.parse('{"__proto__":1}');
  const rows = new GroupResult<unknown>([
    ["a", { size: 1, host: "not a" }],
    ["b", 5],
    ["c", ["x"]],
    ["d", undefined],
    ["e", new ErrorResult(error)],
    ["f", new Map()],
    ["g", proto],
  ]).rows();
  assertEquals(rows.slice(0, 6), [
    { host: "a", size: 1 },
    { host: "b", value: 5 },
    { host: "c", value: ["x"] },
    { host: "d", value: undefined },
    { host: "e", error: "f() failed: Error: no ⏎ more" },
    { host: "f", value: new Map() },
  ]);
  assertEquals(Object.keys(rows[0]!), ["host", "size"]);
  assertEquals(Object.getOwnPropertyDescriptor(rows[6], "__proto__")?.value, 1);
});

Deno.test(slow("ErrorResult.reason is one line that does not name the host", async () => {
  await using group = new Group([new Local("a"), new Local("b")]);
  const results = [
    await group.call((): number => {
      throw new RangeError("one\ntwo\tthree\x1b");
    }),
    await group.put({ text: "x" }, "/no/x"),
    await group.each(() => Promise.reject(new Error("on a: x"))),
  ];
  for (const result of results) {
    const reasons = [...result.failures()].map(([, { reason }]) => reason);
    assertEquals(reasons.length, 2);
    if (result !== results[2]) assertEquals(reasons[0], reasons[1]);
    for (const reason of reasons) assertMatch(reason, /^[^\n\t]+$/);
  }
  assertMatch(
    [...results[0]!.failures()][0]![1].reason,
    /^\S+ failed: RangeError: one ⏎ two three\\x1b$/,
  );
  assertMatch([...results[1]!.failures()][0]![1].reason, /^Cannot put 1 byte: \/no\/x: no such/);
  // It is the same when it has come from a group at a far end.
  const [tunnel] = group.tunnels;
  const inner = await tunnel!.call(async () => {
    await using inner = new Group([new Local("x")]);
    return await inner.put({ text: "x" }, "/no/x");
  });
  const [[, { reason }] = fail()] = inner.failures();
  assertEquals(reason, [...results[1]!.failures()][0]![1].reason);
}));

function fail(): never {
  throw new Error("there is no failure");
}

Deno.test(
  slow("raiseFailures() that nobody catches prints hosts and reasons, not our code", async () => {
    await using project = await makeProject({
      "main.ts": `import { Group, Local } from ${JSON.stringify(MOD)};
      await using group = new Group([new Local("web1"), new Local("web2", { deno: "/no/deno", runtime: "deno" })]);
      const results = await group.call(() => { throw new Error("no such unit"); });
      function deploy() {
        results.raiseFailures();
      }
      deploy();`,
    });
    const { stderr } = await command([Deno.execPath(), "run", "-A", "main.ts"], {
      cwd: project.folder,
      env: { NO_COLOR: "1" },
    });
    assertStringIncludes(stderr, "RemoteError: 2 of 2 hosts failed: web1: ");
    assertMatch(stderr, /failed: Error: no such unit; web2: Cannot connect/);
    assertMatch(stderr, /at deploy \(file:.*main\.ts:5:/);
    const root = new URL("..", new URL("..", import.meta.url)).href;
    assert(!stderr.includes(root), stderr);
  }),
);

Deno.test("raiseFailures() leaves stacks that it cannot change, and other frames", () => {
  const frozen = Object.freeze(new Error("frozen"));
  const odd = Object.assign(new Error("odd"), { stack: 5 });
  const loop = new Error("loop");
  loop.cause = new AggregateError([loop, frozen], "inner");
  const own = new Error("own");
  const { stack } = own;
  const limit = Error.stackTraceLimit;
  const result = new GroupResult([frozen, odd, loop, own].map((error, i) => [
    `h${i}`,
    new ErrorResult(error),
  ]));
  const error = assertThrows(() => result.raiseFailures(), RemoteError);
  assertEquals((error.cause as AggregateError).errors, [frozen, odd, loop, own]);
  assertEquals(own.stack, stack);
  assertEquals(Error.stackTraceLimit, limit);
  assertStringIncludes(inspect(error.stack!.split("\n")[1]), "result_table_test.ts");
});
