import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { userInfo } from "node:os";
import { gunzipSync } from "node:zlib";
import { command } from "../services/command.ts";
import { needing } from "../services/services.ts";
import { EXAMPLES, makeFolder, outputOf, readRepl, runExample } from "./_run.ts";

const SSH = { ssh: true };

Deno.test("each story has at most 20 lines", async () => {
  for (
    const name of [
      ...["backup.ts", "bastion_port.ts", "farm.ts", "inventory.ts", "merged_logs.ts", "repl.txt"],
      ...["long_job.ts", "rolling_deploy.ts", "sudo_edit.ts"],
    ]
  ) {
    const lines = (await Deno.readTextFile(`${EXAMPLES}/${name}`)).trimEnd().split("\n");
    assert(lines.length <= 20, `${name}: ${lines.length} lines`);
  }
});

Deno.test(needing(
  ["ssh", "deno"],
  "examples/inventory.ts writes a row for each host, also for one that cannot be reached",
  async () => {
    await using folder = await makeFolder();
    const path = `${folder.path}/hosts.csv`;
    // The first host has no facts: the columns are those of the others all the same.
    assertEquals(await outputOf("inventory", ["refused,host[1-2]", path], SSH), "");
    const [header, refused, ...rows] = (await Deno.readTextFile(path)).trimEnd().split("\n");
    assertEquals(header, "host,error,ip,os,memory,disk,free");
    assertMatch(refused!, /^refused,"?Cannot connect: .*Connection refused.*,,,,,$/);
    assertEquals(rows.length, 2);
    for (const [i, row] of rows.entries()) {
      assertMatch(row, new RegExp(`^host${i + 1},,[\\d.a-f:]+,[^,]+,\\d+,\\d*,\\d*$`));
    }
  },
));

/** A folder of an app, with a release, and a site to deploy. */
async function makeApp(path: string): Promise<void> {
  await Deno.mkdir(`${path}/app/release-0`, { recursive: true });
  await Deno.writeTextFile(`${path}/app/release-0/index.html`, "old\n");
  await Deno.symlink("release-0", `${path}/app/current`);
  await Deno.mkdir(`${path}/site`);
  await Deno.writeTextFile(`${path}/site/index.html`, "new\n");
}

/** What happened at the hosts: the lines of a log that they share. */
async function logOf(path: string): Promise<string[]> {
  return (await Deno.readTextFile(`${path}/app/log`)).trimEnd().split("\n");
}

Deno.test(needing(
  ["ssh", "deno"],
  "examples/rolling_deploy.ts deploys to a quarter of the hosts after the other",
  async () => {
    await using folder = await makeFolder();
    const { path } = folder;
    await makeApp(path);
    const args = ["host[1-4]", `${path}/app`, "cat current/index.html >> log"];
    assertEquals(await outputOf("rolling_deploy", args, { ...SSH, cwd: path }), "");
    assertEquals(await logOf(path), ["new", "new", "new", "new"]);
    assertMatch(await Deno.readLink(`${path}/app/current`), /^release-\d{13}$/);
  },
));

Deno.test(needing(
  ["ssh", "deno"],
  "examples/rolling_deploy.ts gives all hosts back what they had when one fails",
  async () => {
    await using folder = await makeFolder();
    const { path } = folder;
    await makeApp(path);
    // All hosts are this machine, so the second one to restart the new release is told by the log.
    const restart =
      "cat current/index.html >> log; [ $(grep -c new log) -lt 2 ] || grep old current/*";
    const args = ["host[1-4]", `${path}/app`, restart];
    const { code, stdout, stderr } = await runExample("rolling_deploy", args, {
      ...SSH,
      cwd: path,
    });
    assertEquals([stdout, code], ["", 1]);
    assertStringIncludes(stderr, "Going back: GroupResult: 2 ok\n  host[1-2] (2)\n    old\n");
    assertMatch(stderr, /RemoteError: 1 of 1 hosts failed: host2: sh\(\) failed: CommandError: /);
    // Two were begun, and went back; the other two were not touched.
    assertEquals(await logOf(path), ["new", "new", "old", "old"]);
    assertEquals(await Deno.readLink(`${path}/app/current`), "release-0");
  },
));

Deno.test(needing(
  ["ssh", "deno"],
  "examples/merged_logs.ts shows the lines of all hosts until one matches",
  async () => {
    await using folder = await makeFolder();
    const path = `${folder.path}/log`;
    await Deno.writeTextFile(path, "old, and ready\n");
    // It may read from any moment on.
    const timer = setInterval(() => {
      Deno.writeTextFileSync(path, "starting\x1b[2J\n".repeat(50) + "ready\n", { append: true });
    }, 50);
    const args = ["host[1-2],refused", path, "^read."];
    const { code, stdout, stderr } = await runExample("merged_logs", args, SSH)
      .finally(() => clearInterval(timer));
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /^refused: Cannot connect: .*Connection refused.*\n$/);
    assertMatch(stdout, /^(host[12]: starting\\x1b\[2J\n)+host[12]: ready\n$/);
  },
));

Deno.test(needing(
  ["ssh", "deno"],
  "examples/backup.ts writes a command's output with its checksum, or nothing if it fails",
  async () => {
    await using folder = await makeFolder();
    const path = `${folder.path}/dump.gz`;
    const args = ["host1", path, "seq 1000000; echo warned >&2"];
    const { code, stdout, stderr } = await runExample("backup", args, SSH);
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /\r\d\.\d MiB\n$/);
    assertStringIncludes(stderr, "[host1] warned\n");
    const bytes = await Deno.readFile(path);
    const numbers = Array.from({ length: 1_000_000 }, (_, i) => `${i + 1}\n`);
    assertEquals(gunzipSync(bytes).toString(), numbers.join(""));
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-1", bytes)).toHex();
    assertEquals(stdout, `${sum}  ${path}\n`);

    const failing = ["host1", path, "seq 100000; echo broken >&2; exit 3"];
    const failed = await runExample("backup", failing, SSH);
    assertEquals([failed.stdout, failed.code], ["", 1]);
    assertStringIncludes(failed.stderr, "CommandError: Command failed with code 3: seq 100000; ");
    assertEquals(await Deno.readFile(path), bytes);
    assertEquals([...Deno.readDirSync(folder.path)].length, 1);
  },
));

Deno.test(needing(["ssh", "deno"], "examples/farm.ts shares its items among hosts", async () => {
  const lines = (await outputOf("farm", ["host[1-3]"], SSH)).trimEnd().split("\n");
  const parts = lines.map((line) =>
    /^(\d+)! has (\d+) digits, says (host[123]-[1-4])$/.exec(line)!
  );
  const digits = new Map(parts.map(([, n, value]) => [Number(n), Number(value)]));
  assertEquals(digits.size, 10);
  assertEquals([digits.get(1_000), digits.get(10_000)], [2_568, 35_660]);
  // Twelve members, and no more than one item for each at once.
  assert(new Set(parts.map(([, , , host]) => host)).size > 1, lines.join("\n"));
}));

Deno.test(needing(
  ["ssh", "deno", "sudo"],
  "examples/sudo_edit.ts changes a file once, and not for a service that cannot take it",
  async () => {
    await using folder = await makeFolder();
    const path = `${folder.path}/sshd_config`;
    const old = "Port 22\n#PermitRootLogin yes\n";
    const edited = "PermitRootLogin no\nPort 22\n";
    await Deno.writeTextFile(path, old);
    await Deno.chmod(path, 0o600);
    const { uid } = userInfo();

    const failed = await runExample("sudo_edit", ["host1", path, "echo bad >&2; exit 1"], SSH);
    assertEquals(failed.code, 1);
    assertStringIncludes(failed.stderr, `Error: Cannot reload, so ${path} is as it was: bad`);
    assertEquals(await Deno.readTextFile(path), old);

    const reload = `id -un >> ${folder.path}/reloads`;
    const done = await outputOf("sudo_edit", ["host1", path, reload], SSH);
    assertEquals(done, `GroupResult: 1 ok\n  host1  "changed"\n`);
    const again = await outputOf("sudo_edit", ["host1", path, reload], SSH);
    assertEquals(again, `GroupResult: 1 ok\n  host1  "as it was"\n`);
    assertEquals(await Deno.readTextFile(path), edited);
    assertEquals(await Deno.readTextFile(`${folder.path}/reloads`), "root\n");
    const info = await Deno.stat(path);
    assertEquals([info.mode! & 0o777, info.uid], [0o600, uid]);
    await command(["sudo", "-n", "rm", "-f", `${folder.path}/reloads`]);
  },
));

Deno.test(needing(
  ["ssh", "deno"],
  "examples/bastion_port.ts opens a port until Ctrl-C",
  async () => {
    await using server = Deno.serve({ port: 0, onListen() {} }, () => new Response("Hello"));
    const { port } = server.addr;
    let answer: string | undefined;
    const args = ["host1", "localhost", `${port}`];
    const { code, stdout } = await runExample("bastion_port", args, {
      ...SSH,
      terminal: {
        columns: 90,
        rows: 20,
        async onOutput(output) {
          const [, address] = /^localhost:\d+ is at (\S+)\r\n/.exec(output) ?? [];
          if (address === undefined || answer !== undefined) return undefined;
          answer = await (await fetch(`http://${address}`)).text();
          return "\x03";
        },
      },
    });
    assertEquals([answer, code], ["Hello", 130], stdout);
  },
));

Deno.test(needing(
  ["ssh", "deno"],
  "examples/long_job.ts tells how far each host is, and clears up at Ctrl-C",
  async () => {
    await using folder = await makeFolder();
    const { path } = folder;
    let had = 0;
    const { code, stdout } = await runExample("long_job", ["host[1-2]", path], {
      ...SSH,
      terminal: {
        columns: 90,
        rows: 20,
        onOutput(output) {
          const begun = output.includes("host1 10%") && output.includes("host2 10%");
          if (!begun || had > 0) return Promise.resolve(undefined);
          had = [...Deno.readDirSync(path)].length;
          return Promise.resolve("\x03");
        },
      },
    });
    assertEquals([had, code], [2, 0], stdout);
    assertMatch(
      stdout,
      /GroupResult: 2 failed\r\n {2}host\[1-2\] \(2\) +failed: work\(\) failed: /,
    );
    assertEquals([...Deno.readDirSync(path)], []);
  },
));

Deno.test(needing(["ssh", "deno"], "examples/repl.txt is what a REPL prints", async () => {
  const session = (await Deno.readTextFile(`${EXAMPLES}/repl.txt`)).replaceAll("web", "host");
  const [start, ...lines] = session.trimEnd().split("\n");
  assertEquals(start, "$ deno repl -A");
  const typed = lines.filter((line) => line.startsWith("> ")).map((line) => line.slice(2));
  const shown = lines.filter((line) => !line.startsWith("> "));
  const pattern = shown.map((line) => RegExp.escape(line).replaceAll("…", ".*")).join("\n");
  // The hosts share a row only if uptime prints the same second on all of them.
  const programs = { uptime: 'echo " 08:00:00 up 5 days,  1:23,  1 user"' };
  const all = await readRepl(typed, { ...SSH, programs });
  const printed = all.filter((line) => line !== "undefined").join("\n");
  assertMatch(printed, new RegExp(`^${pattern}$`));
}));
