import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { needing, service, slow } from "../services/services.ts";
import { withTime } from "../tunnel/_deadline.ts";
import { CLI, ended, runCli, startCli, tempFolder } from "./_cli.ts";

const CHECKS = fileURLToPath(new URL("fixture/checks.ts", import.meta.url));

/** Two processes on this machine. */
const LOCAL = ["--local", "-w", "a,b"];

Deno.test("--local runs a command, and hosts with the same output share it", async () => {
  const { code, out, err } = await runCli([...LOCAL, "--", "echo one; echo two"]);
  assertEquals([code, err], [0, ""]);
  assertEquals(out, "2 hosts: 2 ok\n  a,b (2)\n    one\n    two\n");
});

Deno.test("--local without hosts is this machine", async () => {
  const { code, out } = await runCli(["--local", "--", "echo one"]);
  assertEquals([code, out], [0, "1 host: 1 ok\n  localhost\n    one\n"]);
});

Deno.test("a word behind -- is a line for the shell, several are a program and its arguments", async () => {
  const line = await runCli([...LOCAL, "--", "printf %s\\\\n $HOME | wc -l"]);
  assertEquals(line.out, "2 hosts: 2 ok\n  a,b (2)\n    1\n");
  const words = await runCli([...LOCAL, "--", "printf", "%s\n", "it's $HOME", "--json"]);
  assertEquals(words.out, "2 hosts: 2 ok\n  a,b (2)\n    it's $HOME\n    --json\n");
});

Deno.test("the exit code is 1 if a command fails on any host, and its output is shown", async () => {
  const { code, out, err } = await runCli([
    ...LOCAL,
    "--",
    "echo partly; echo why >&2; exit 3",
  ]);
  assertEquals([code, err], [1, ""]);
  assertEquals(out, "2 hosts: 2 failed\n  a,b (2)  code 3\n    partly\n    stderr: why\n");
  const killed = await runCli([...LOCAL, "--", "kill -9 $$"]);
  assertEquals(killed.out, "2 hosts: 2 failed\n  a,b (2)  ended by SIGKILL\n");
  const missing = await runCli([...LOCAL, "--", "/no/such", "program"]);
  assertEquals(missing.code, 1);
  const why = "Cannot start /no/such program: there is no such program";
  assertEquals(missing.out, `2 hosts: 2 failed\n  a,b (2)  failed: ${why}\n`);
});

Deno.test("no output is cut", async () => {
  const { out } = await runCli([...LOCAL, "--", "seq 300000"]);
  assertEquals(out.split("\n").length, 300_003);
  assertStringIncludes(out, "\n    300000\n");
  for (const option of [[], ["--stream"]]) {
    const long = await runCli(["--local", "-w", "a", ...option, "--", "printf %0200000d 7"]);
    assertMatch(long.out, /(?:^a: |\n {4})0{199999}7\n$/);
  }
});

Deno.test("--stream writes what has come as one, since a write for each line takes long", async () => {
  const program = fileURLToPath(new URL("fixture/count_writes.ts", import.meta.url));
  const args = ["--local", "-w", "a", "--stream", "--", "seq 2000"];
  const { code, out, err } = await runCli(args, { program });
  assertEquals(code, 0);
  assertEquals(out, Array.from({ length: 2_000 }, (_, i) => `a: ${i + 1}\n`).join(""));
  assert(Number(err) < 500, `${err} writes`);
});

Deno.test("control characters of hosts do not reach the terminal", async () => {
  for (const option of [[], ["--stream"]]) {
    const { out } = await runCli([...LOCAL, ...option, "--", "printf '\\033[2Jgone\\n'"]);
    assertStringIncludes(out, "\\x1b[2Jgone");
    assert(!out.includes("\x1b"));
  }
});

Deno.test("--json prints one object of all hosts", async () => {
  const good = await runCli([...LOCAL, "--json", "--", "printf", "hi"]);
  const hi = { command: "printf hi", code: 0, signal: null, stdout: "hi", stderr: "" };
  assertEquals([good.code, good.err], [0, ""]);
  assertEquals(JSON.parse(good.out), { a: hi, b: hi });
  const bad = await runCli([...LOCAL, "--json", "--", "echo x; echo why >&2; exit 3"]);
  assertEquals(bad.code, 1);
  const { a } = JSON.parse(bad.out);
  assertEquals([a.code, a.stdout, a.stderr], [3, "x\n", "why\n"]);
  assertEquals(a.error, "Command failed with code 3: echo x; echo why >&2; exit 3: why");
  const order = await runCli(["--local", "-w", "web[9-11]", "--json", "--", "true"]);
  assertEquals(order.out.match(/^"\w+"/gm), ['"web9"', '"web10"', '"web11"']);
});

Deno.test("--stream prints lines as they come, behind the name of the host", async () => {
  const child = startCli([...LOCAL, "--stream", "--", "echo one; read x; echo $x; echo e >&2"]);
  const [mine, theirs] = child.stdout.tee();
  const reader = theirs.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!(seen.includes("a: one\n") && seen.includes("b: one\n"))) {
    seen += (await reader.read()).value;
  }
  reader.cancel();
  // Only now does the command go on.
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("two\n"));
  await writer.close();
  const streams = { stdout: mine, stderr: child.stderr, status: child.status };
  const { code, out, err } = await ended(streams as Deno.ChildProcess, LOCAL);
  assertEquals(code, 0);
  assertEquals(out.trim().split("\n").toSorted(), ["a: one", "a: two", "b: one", "b: two"]);
  assertEquals(err.trim().split("\n").toSorted(), ["[a] e", "[b] e"]);
});

Deno.test("--stream tells failures on stderr, and with --json each line is an object", async () => {
  const text = await runCli([...LOCAL, "--stream", "--", "echo x; exit 3"]);
  assertEquals(text.code, 1);
  assertEquals(text.out.trim().split("\n").toSorted(), ["a: x", "b: x"]);
  assertEquals(text.err, "a,b (2): failed: Command failed with code 3: echo x; exit 3\n");
  const json = await runCli([...LOCAL, "--stream", "--json", "--", "echo x; exit 3"]);
  assertEquals([json.code, json.err], [1, ""]);
  const lines = json.out.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.filter(({ a }) => a === "x"), [{ a: "x" }]);
  assertEquals(lines.filter(({ b }) => b === "x"), [{ b: "x" }]);
  assertEquals(lines.at(-1).b.code, 3);
  assertEquals(lines.length, 4);
});

Deno.test("a reader that has enough ends all, at both ends", async () => {
  const script = `set -o pipefail; "$@" | head -1; echo "codes \${PIPESTATUS[*]}"`;
  const args = [...LOCAL, "--stream", "--", "while :; do echo y; done"];
  const { stdout } = await new Deno.Command("bash", {
    args: ["-c", script, "bash", Deno.execPath(), "run", "-A", "--no-check", CLI, ...args],
    stdin: "null",
  }).output();
  assertMatch(new TextDecoder().decode(stdout), /^[ab]: y\ncodes 141 0\n$/);
});

Deno.test("stdin is passed on to the command on every host, unless --no-stdin is given", async () => {
  const all = await runCli([...LOCAL, "--", "cat"], { stdin: "one\ntwo\n" });
  assertEquals(all.out, "2 hosts: 2 ok\n  a,b (2)\n    one\n    two\n");
  const none = await runCli([...LOCAL, "-n", "--", "cat"], { stdin: "one\n" });
  assertEquals(none.out, "2 hosts: 2 ok\n  a,b (2)  no output\n");
  const long = await runCli([...LOCAL, "--", "wc -c"], { stdin: "x".repeat(3_000_000) });
  assertStringIncludes(long.out, "3000000");
  const streamed = await runCli([...LOCAL, "--stream", "--", "cat"], { stdin: "one\n" });
  assertEquals(streamed.out.trim().split("\n").toSorted(), ["a: one", "b: one"]);
});

Deno.test("a command that does not read stdin does not wait for its end", async () => {
  const child = startCli([...LOCAL, "--", "echo done"]);
  const { code, out } = await ended(child, LOCAL);
  await child.stdin.close().catch(() => {});
  assertEquals([code, out], [0, "2 hosts: 2 ok\n  a,b (2)\n    done\n"]);
});

Deno.test("--timeout ends a host that takes too long, and no other", async () => {
  await withTime(5, async (seconds) => {
    await using folder = await tempFolder();
    // The one that is first makes the folder, and is quick.
    const command = `mkdir ${folder.path}/x 2>/dev/null && exit 0; sleep 1000`;
    const { code, out } = await runCli([...LOCAL, "--timeout", `${seconds}s`, "--", command]);
    assertEquals(code, 1);
    assertMatch(out, /^2 hosts: 1 ok, 1 failed\n/);
    assertStringIncludes(out, ` failed: it took longer than ${seconds} s (--timeout)\n`);
  }, 20);
});

Deno.test("--concurrency works on so many hosts at a time", async () => {
  await using folder = await tempFolder();
  const command = `mkdir ${folder.path}/x || exit 9; sleep 0.2; rmdir ${folder.path}/x`;
  const { code, out } = await runCli(["--local", "-w", "n[1-4]", "-f", "1", "--", command]);
  assertEquals([code, out], [0, "4 hosts: 4 ok\n  n[1-4] (4)  no output\n"]);
});

Deno.test("--max-failures begins no more hosts", async () => {
  const args = ["--local", "-w", "n[1-4]", "-f", "1"];
  const { code, out } = await runCli([...args, "--max-failures", "1", "--", "exit 1"]);
  assertEquals(code, 1);
  assertMatch(out, /^4 hosts: 2 failed, 2 skipped\n {2}n\[1-2\] \(2\) +code 1\n/);
  assertMatch(out, /n\[3-4\] \(2\) +skipped: more than 1 of 4 hosts had failed/);
  const part = await runCli([...args, "--max-failures=0%", "--json", "--", "exit 1"]);
  assertEquals(JSON.parse(part.out).n4.skipped, true);
});

Deno.test("--call calls an exported function with arguments that are JSON", async () => {
  const call = (name: string, ...args: string[]) =>
    runCli([...LOCAL, "--call", `${CHECKS}#${name}`, ...args]);
  assertEquals((await call("add", "2", "3")).out, "2 hosts: 2 ok\n  a,b (2)  5\n");
  const texts = await call("join", '["x","y"]', '"-"');
  assertMatch(texts.out, /^2 hosts: 2 ok\n +text\n {2}a,b \(2\) {2}x-y *\n$/);
  assertEquals((await call("add", "--", "-2", "3")).out, "2 hosts: 2 ok\n  a,b (2)  1\n");
  const failing = await call("fails");
  assertEquals(failing.code, 1);
  assertMatch(failing.out, /failed: fails\(\) failed: RangeError: no such luck/);
  assertMatch((await call("failsOddly")).out, /failed: failsOddly\(\) failed: .*no such luck/);
  const json = await call("odd", "--json");
  assertEquals(JSON.parse(json.out).a, { map: { a: 1 }, set: [1], bytes: [7], no: "NaN" });
});

Deno.test("--json tells of each host whose result has no form in JSON", async () => {
  for (const what of ["cycle", "holes"]) {
    for (const stream of [[], ["--stream"]]) {
      const args = [...LOCAL, "--json", ...stream, "--call", `${CHECKS}#noJson`, `"${what}"`];
      const { code, out, err } = await runCli(args);
      assertEquals([code, err], [1, ""], out);
      assertEquals(out.match(/"[ab]":\{"error":".*?Cannot print its result as JSON: /g)?.length, 2);
    }
  }
});

Deno.test("--json escapes what a terminal may obey", async () => {
  const { out } = await runCli([...LOCAL, "--json", "--call", `${CHECKS}#hidden`]);
  assertMatch(out, /^[\n -~\u{1f469}\u{1f680}\u200d]*$/u);
  assertEquals(JSON.parse(out).a, { "\x9b31m": "\x7f\u202e\u{1f469}\u200d\u{1f680}" });
});

Deno.test("--call takes a module by a path from the working folder, and by its URL", async () => {
  const cwd = CHECKS.replace(/\/[^/]*$/, "");
  for (const module of ["./checks.ts", "checks.ts", `file://${CHECKS}`]) {
    const { out } = await runCli([...LOCAL, "--call", `${module}#add`, "1", "1"], { cwd });
    assertEquals(out, "2 hosts: 2 ok\n  a,b (2)  2\n", module);
  }
});

Deno.test("--call prints a stream with --stream, and asks for that without", async () => {
  const args = [...LOCAL, "--call", `${CHECKS}#count`, "2"];
  const { code, out } = await runCli([...args, "--stream"]);
  assertEquals(code, 0);
  assertEquals(out.trim().split("\n").toSorted(), ["a: 1", "a: 2", "b: 1", "b: 2"]);
  const without = await runCli(args);
  assertEquals(without.code, 1);
  assertStringIncludes(without.out, "failed: Its result is a stream: add --stream to print it");
  const value = await runCli([...LOCAL, "--stream", "--json", "--call", `${CHECKS}#add`, "1", "2"]);
  assertEquals(value.out.trim().split("\n").toSorted(), ['{"a":3}', '{"b":3}']);
});

Deno.test("facts are columns to read: the usual ones, or those that are named", async () => {
  const usual = await runCli([...LOCAL, "facts"]);
  assertEquals(usual.code, 0, usual.err);
  assertMatch(usual.out, /^2 hosts: 2 ok\n +hostname +ip +os +kernel +arch +runtime +GiB free\n/);
  assertStringIncludes(usual.out, Deno.hostname());
  const some = await runCli([...LOCAL, "facts", "disks", "runtime", "routes", "memory"]);
  assertMatch(some.out, /^2 hosts: 2 ok\n +GiB of disks free +runtime +routes +GiB free\n/);
  assertMatch(some.out, /\/ \d+\.\d of \d+\.\d .*deno \d+\.\d+\.\d+ /);
  const named = await runCli([...LOCAL, "--json", "facts", "hostname", "runtime"]);
  const { a } = JSON.parse(named.out);
  assertEquals(a.hostname, Deno.hostname());
  assertEquals(a.runtime.version, Deno.version.deno);
  const all = JSON.parse((await runCli(["--local", "-w", "a", "--json", "facts"])).out);
  assert(Object.keys(all.a).includes("disks"));
});

Deno.test(needing("node", "--runtime says what runs there", async () => {
  const PATH = `${service("node").paths[22].replace(/\/node$/, "")}:${Deno.env.get("PATH")}`;
  const run = (runtime: string) =>
    runCli(["--local", "-w", "a", "--runtime", runtime, "--json", "facts", "runtime"], {
      env: { PATH },
    });
  for (const runtime of ["node", "deno"]) {
    assertEquals(JSON.parse((await run(runtime)).out).a.runtime.name, runtime);
  }
  assertEquals(JSON.parse((await run("auto")).out).a.runtime.name, "deno");
}));

Deno.test("--inventory takes hosts and groups from a file", async () => {
  await using folder = await tempFolder();
  await Deno.writeTextFile(
    `${folder.path}/hosts.yaml`,
    "hosts:\n  here: { ansible_connection: local }\ngroups:\n  web: ['web[1-3]']\n",
  );
  const source = ["-i", `${folder.path}/hosts.yaml`];
  const own = await runCli([...source, "-w", "here", "--", "echo hi"]);
  assertEquals(own.out, "1 host: 1 ok\n  here\n    hi\n", own.err);
  const group = await runCli([...source, "-w", "web,!web2", "--local", "--", "echo hi"]);
  assertEquals(group.out, "2 hosts: 2 ok\n  web[1,3] (2)\n    hi\n");
  const unknown = await runCli([...source, "-w", "wbe", "--", "echo hi"]);
  assertEquals(unknown.code, 2);
  assertStringIncludes(unknown.err, "there is neither a host nor a group wbe; the groups are web");
});

Deno.test("hosts can be given several times", async () => {
  const { out } = await runCli(["--local", "-w", "n1", "--hosts", "n[2-3]", "--", "echo hi"]);
  assertEquals(out, "3 hosts: 3 ok\n  n[1-3] (3)\n    hi\n");
});

Deno.test("--provision is an option of the tunnels", async () => {
  const { code, err } = await runCli(["--local", "-w", "a", "--provision", "--", "true"]);
  assertEquals([code, err], [0, ""]);
});

Deno.test(slow("200 hosts are worked on, not more at a time than -f says", async () => {
  const { code, out } = await runCli(["--local", "-w", "n[1-200]", "-f", "8", "--", "echo hi"]);
  assertEquals([code, out], [0, "200 hosts: 200 ok\n  n[1-200] (200)\n    hi\n"]);
}));
