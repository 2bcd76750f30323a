import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { needing } from "../services/services.ts";
import { CLI, type Ran, runCli, sshHosts, tempFolder } from "./_cli.ts";

const CHECKS = fileURLToPath(new URL("fixture/checks.ts", import.meta.url));

Deno.test(needing("ssh", "cli.ts works as a single file of deno bundle", async () => {
  await using folder = await tempFolder();
  const program = `${folder.path}/cli.js`;
  const bundled = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "-o", program, CLI],
  }).output();
  assert(bundled.success, new TextDecoder().decode(bundled.stderr));
  assertEquals((await Array.fromAsync(Deno.readDir(folder.path))).length, 1);
  await Deno.writeTextFile(`${folder.path}/hosts.yaml`, "groups:\n  web: ['host[1-2]']\n");
  const run = (...args: string[]): Promise<Ran> => runCli(args, { program, cwd: folder.path });

  const command = await run(...sshHosts("host[1-2]"), "--", "echo hi");
  assertEquals(command, { code: 0, out: "2 hosts: 2 ok\n  host[1-2] (2)\n    hi\n", err: "" });
  const lines = await run("-i", "hosts.yaml", ...sshHosts("web"), "--stream", "--", "seq", "2");
  assertEquals(lines.out.trim().split("\n").toSorted(), [
    "host1: 1",
    "host1: 2",
    "host2: 1",
    "host2: 2",
  ]);
  const failed = await run("--local", "-w", "a", "--", "exit 3");
  assertEquals([failed.code, failed.out], [1, "1 host: 1 failed\n  a  code 3\n"]);
  const facts = await run("--local", "-w", "a", "facts");
  assertMatch(facts.out, /hostname +ip +os/);
  const call = await run("--local", "-w", "a", "--call", `${CHECKS}#add`, "2", "3");
  assertEquals(call.out, "1 host: 1 ok\n  a  5\n");
  const put = await run("--local", "-w", "a", "put", "hosts.yaml", `${folder.path}/copy`);
  assertEquals(put.code, 0, put.out);
  assertEquals((await run()).code, 2);
  assertEquals((await run("--help")).code, 0);
}));
