import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { which } from "../services/command.ts";
import { needing } from "../services/services.ts";
import { makeFolder, outputOf, runExample } from "./_run.ts";
import { screenAfter } from "./_screen.ts";

const STEPS = ["check space", "sync", "configure", "restart", "check health"];
/** A terminal's, of which this is meant to do nothing. */
const EVIL = "\x1b]0;evil\x07\x1b[31m\u009b2J";
const SIZE = { columns: 90, rows: 20 };

/** A test that needs a pseudo-terminal, which the program `script` of util-linux gives. */
function inTerminal(name: string, fn: () => Promise<void>): Deno.TestDefinition {
  return Deno.build.os === "linux" && which("script") !== undefined
    ? { name, fn }
    : { name: `${name} (skipped: install util-linux)`, fn, ignore: true };
}

Deno.test("examples/deploy.ts prints a line for each step where there is no terminal", async () => {
  const output = await outputOf("deploy", ["--batch", "1"]);
  const lines = ["web1", "web2", "web3"].flatMap((host) => [
    ...STEPS.map((step) => `${host}: ${step}`),
    `✔ ${host}  healthy`,
  ]);
  assertEquals(output, `${lines.join("\n")}\nGroupResult: 3 ok\n  web[1-3] (3)  "healthy"\n`);
});

Deno.test("examples/deploy.ts tells how it is used", async () => {
  const usage = await outputOf("deploy", ["--help"]);
  assertMatch(usage, /^Usage: .*\n[^]*\n {2}--max-failures /);
  assertEquals(await runExample("deploy", ["--btch", "1"]), {
    code: 2,
    stdout: "",
    stderr: `Unknown option '--btch'. To specify a positional argument starting with a '-', ` +
      `place it at the end of the command after '--', as in '-- "--btch"\n\n${usage}`,
  });
});

Deno.test("examples/deploy.ts syncs, configures, restarts and checks, in this order", async () => {
  await using folder = await makeFolder();
  await Deno.mkdir(`${folder.path}/site/pages`, { recursive: true });
  await Deno.writeTextFile(`${folder.path}/site/pages/index.html`, "<h1>Hello</h1>\n");
  // Only the one at the top is the configuration.
  await Deno.writeTextFile(`${folder.path}/site/pages/app.conf`, "nested\n");
  await Deno.writeTextFile(`${folder.path}/my.conf`, "port = 1\n");
  const output = await outputOf("deploy", [
    ...["--folder", `${folder.path}/site`, "--config", `${folder.path}/my.conf`],
    ...["--restart", "cat app.conf pages/app.conf pages/index.html > served"],
    ...["--check", `cat served; printf '${EVIL}'`],
  ]);
  assertEquals(output.split("GroupResult: ")[1]?.split("\n", 1), ["3 ok"]);
  assertStringIncludes(output, "✔ web1  port = 1\n");
  assertStringIncludes(
    output,
    String.raw`    \x1b]0;evil\x07\x1b[31m`,
  );
  assertPrintable(output);
});

const RESTART = `case $PWD in */web2-*) printf 'no such service ${EVIL}' >&2; exit 3;; esac`;

Deno.test("examples/deploy.ts goes no further when a host has failed", async () => {
  const { code, stdout, stderr } = await runExample("deploy", [
    "--batch",
    "1",
    "--restart",
    RESTART,
  ]);
  assertEquals([stderr, code], ["", 1]);
  const [failed, skipped, ...table] = stdout.split("\n").slice(-7);
  assertMatch(failed!, /^✖ web2 {2}run\(\) failed on web2: Error: exit code 3: no such service/);
  assertEquals(
    skipped,
    "✖ web3  skipped: more than 0 of 3 hosts had failed (maxFailures)",
  );
  assertEquals(table[0], "GroupResult: 1 ok, 1 failed, 1 skipped");
  assertEquals(table[1], '  web1  "healthy"');
  assertMatch(
    table[2]!,
    /^ {2}web2 {2}failed: run\(\) failed: Error: exit code 3: no such service/,
  );
  assertEquals(
    table[3],
    "  web3  skipped: more than 0 of 3 hosts had failed (maxFailures)",
  );
  assertPrintable(stdout);
});

Deno.test("examples/deploy.ts goes on after as many failures as are allowed", async () => {
  for (const most of ["1", "50%"]) {
    const args = ["--batch", "1", "--max-failures", most, "--restart", RESTART];
    const { code, stdout } = await runExample("deploy", args);
    assertEquals(code, 1);
    assertStringIncludes(stdout, 'GroupResult: 2 ok, 1 failed\n  web[1,3] (2)  "healthy"\n  web2');
  }
});

Deno.test("examples/deploy.ts touches nothing where there is too little space", async () => {
  const { code, stdout } = await runExample("deploy", ["--batch", "3", "--space", "1e12"]);
  assertEquals(code, 1);
  assertMatch(
    stdout,
    /✖ web1 {2}checkSpace\(\) failed on web1: Error: \d+ MiB free at \S+, 1000000000000 MiB needed\n/,
  );
  assert(!stdout.includes("sync"), stdout);
});

Deno.test(
  needing(
    ["ssh", "deno"],
    "examples/deploy.ts reaches hosts, and tells of those that it cannot",
    async () => {
      await using folder = await makeFolder();
      const to = `${folder.path}/deep/site`;
      const args = ["--to", to, "host1", "refused"];
      const { code, stdout, stderr } = await runExample("deploy", args, {
        ssh: true,
        banner: `Welcome${EVIL}\n`,
      });
      assertEquals([stderr, code], ["", 1]);
      assertStringIncludes(stdout, "[host1] Welcome");
      assertMatch(stdout, /✖ refused {2}Cannot connect to refused: .*Connection refused/);
      assertMatch(
        stdout,
        /\nGroupResult: 1 ok, 1 failed\n {2}host1 +"healthy"\n {2}refused +failed: /,
      );
      assertPrintable(stdout);
      assertEquals((await Deno.stat(`${to}/app.conf`)).mode! & 0o777, 0o600);
      assertEquals(
        await Deno.readTextFile(`${to}/deploy.ts`),
        await Deno.readTextFile(new URL("../../examples/deploy.ts", import.meta.url)),
      );
    },
  ),
);

const RESTARTING = "… web1  restart\n… web2  restart\n  1 waiting";

Deno.test(inTerminal("examples/deploy.ts keeps a line for each host in a terminal", async () => {
  await using folder = await makeFolder();
  const go = `${folder.path}/go`;
  // They restart for as long as it takes to be seen.
  const restart = `until [ -e ${go} ]; do sleep 0.05; done`;
  const { code, stdout } = await runExample("deploy", ["--restart", restart, "--batch", "2"], {
    terminal: {
      ...SIZE,
      async onOutput(output) {
        if (await screenAfter(output, SIZE) === RESTARTING) await Deno.writeTextFile(go, "");
        return undefined;
      },
    },
  });
  assertEquals(code, 0, stdout);
  const screen = (await screenAfter(stdout, SIZE)).split("\n");
  assertEquals(screen.slice(0, 3).toSorted(), [
    "✔ web1  healthy",
    "✔ web2  healthy",
    "✔ web3  healthy",
  ]);
  assertEquals(screen.slice(3), ["GroupResult: 3 ok", '  web[1-3] (3)  "healthy"']);
  assertShowsCursor(stdout);
}));

Deno.test(inTerminal("examples/deploy.ts shows in a terminal how far a host is", async () => {
  await using folder = await makeFolder();
  // Large enough to be seen on its way.
  await Deno.writeTextFile(`${folder.path}/large`, "");
  await Deno.truncate(`${folder.path}/large`, 64 * 1024 ** 2);
  const { code, stdout } = await runExample("deploy", ["--folder", folder.path, "--batch", "1"], {
    terminal: SIZE,
  });
  assertEquals(code, 0, stdout);
  assertMatch(stdout, /… web\d {2}sync {2}\d of 1 files, \d+\.\d of 64\.0 MiB/);
}));

Deno.test(inTerminal("examples/deploy.ts shows in a terminal which host failed", async () => {
  const args = ["--batch", "3", "--restart", RESTART];
  const { code, stdout } = await runExample("deploy", args, { terminal: SIZE });
  assertEquals(code, 1);
  const screen = await screenAfter(stdout, SIZE);
  assertMatch(screen, /^✔ web1 {2}healthy$/m);
  assertMatch(screen, /^✖ web2 {2}run\(\) failed on web2: Error: exit code 3: no such service/m);
  assertMatch(screen, /^GroupResult: 2 ok, 1 failed$/m);
  assert(!stdout.includes("evil\x07"), stdout);
  assertShowsCursor(stdout);
}));

Deno.test(inTerminal("examples/deploy.ts ends on all hosts by Ctrl-C", async () => {
  const args = ["--batch", "2", "--restart", "sleep 1000; true"];
  const { code, stdout } = await runExample("deploy", args, {
    terminal: {
      ...SIZE,
      onOutput: async (output) =>
        await screenAfter(output, SIZE) === RESTARTING ? "\x03" : undefined,
    },
  });
  assertEquals(code, 1);
  const screen = await screenAfter(stdout, SIZE);
  assertStringIncludes(
    screen,
    "GroupResult: 2 aborted, 1 skipped\n  web[1-2] (2)  aborted: Interrupted\n",
  );
  assertShowsCursor(stdout);
}));

/** What is for a terminal only must not come from a host. */
function assertPrintable(output: string): void {
  // deno-lint-ignore no-control-regex -- these are what it is about
  assertEquals(output.match(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g), null);
}

/** The last word on whether the cursor is shown. */
function assertShowsCursor(output: string): void {
  assert(output.lastIndexOf("\x1b[?25h") > output.lastIndexOf("\x1b[?25l"), "the cursor is hidden");
}
