import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { needing, service } from "../services/services.ts";
import { runCli, sshHosts, tempFolder } from "./_cli.ts";

/** The address of sshd that a command was reached at. */
const ADDRESS = "echo $SSH_CONNECTION | cut -d' ' -f3";

/** How the configuration of the tests reaches a host. */
async function settings(host: string): Promise<Map<string, string>> {
  const { stdout } = await new Deno.Command("ssh", {
    args: ["-G", "-F", service("ssh").config, host],
  }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  return new Map(lines.map((line) => line.split(/ (.*)/) as [string, string]));
}

Deno.test(needing("ssh", "--ssh-config has ssh read another file", async () => {
  const { code, out, err } = await runCli([...sshHosts("host[1-3]"), "--", ADDRESS]);
  assertEquals([code, err], [0, ""]);
  assertEquals(
    out,
    "3 hosts: 3 ok\n  host1\n    127.0.0.1\n  host2\n    127.0.0.2\n  host3\n    127.0.0.3\n",
  );
}));

Deno.test(needing("ssh", "hosts that fail are told apart, and told once", async () => {
  const { refused, badKey } = service("ssh");
  const hosts = `host[1-2],${refused},${badKey}`;
  const { code, out, err } = await runCli([...sshHosts(hosts), "--", "echo hi"]);
  assertEquals([code, err], [1, ""]);
  assertMatch(out, /^4 hosts: 2 ok, 2 failed\n {2}host\[1-2\] \(2\)\n {4}hi\n/);
  assertMatch(out, / {2}refused +failed: Cannot connect: .*Connection refused/);
  assertMatch(out, / {2}badkey +failed: Cannot connect: .*Permission denied/);
  const json = await runCli([...sshHosts(hosts), "--json", "--", "echo hi"]);
  assertEquals(json.code, 1);
  const all = JSON.parse(json.out);
  assertEquals(all.host1.stdout, "hi\n");
  assertMatch(all.refused.error, /^Cannot connect to refused: .*Connection refused/);
}));

Deno.test(needing("ssh", "--user, --port and --ssh-option go to ssh", async () => {
  const known = await settings("host1");
  await using folder = await tempFolder();
  // Without the port, the user and the key of the tests.
  await Deno.writeTextFile(`${folder.path}/config`, "IdentitiesOnly yes\nBatchMode yes\n");
  const args = [
    ...["-F", `${folder.path}/config`, "-w", "127.0.0.[1-2]"],
    ...["-p", known.get("port")!, "-l", known.get("user")!],
    ...["-o", `IdentityFile=${known.get("identityfile")}`],
    ...["--ssh-option", `UserKnownHostsFile=${known.get("userknownhostsfile")}`],
  ];
  const { code, out } = await runCli([...args, "--", "echo hi"]);
  assertEquals([code, out], [0, "2 hosts: 2 ok\n  127.0.0.[1-2] (2)\n    hi\n"]);
  const other = await runCli([...args, "-l", "nobody-here", "--", "echo hi"]);
  assertMatch(other.out, /failed: .*nobody-here@127\.0\.0\.\d: Permission denied/);
  const noPort = await runCli([...args, "-p", "1", "--", "echo hi"]);
  assertMatch(noPort.out, /failed: .*port 1: Connection refused/);
}));

Deno.test(needing("ssh", "--jump goes by way of another host", async () => {
  // A host on the way connects from its own address, not by the way of the file.
  const { code, out } = await runCli([...sshHosts("host3"), "-J", "host2", "--", ADDRESS]);
  assertEquals([code, out], [0, "1 host: 1 ok\n  host3\n    127.0.0.3\n"]);
  const { out: none } = await runCli([...sshHosts("host3"), "--jump", "refused", "--", ADDRESS]);
  assertMatch(none, /failed: .*Connection (refused|closed)/);
}));

Deno.test(needing(["ssh", "sudo"], "--sudo runs as root, --sudo-user as another user", async () => {
  const root = await runCli([...sshHosts("host[1-2]"), "--sudo", "--", "id -un"]);
  assertEquals(root.out, "2 hosts: 2 ok\n  host[1-2] (2)\n    root\n");
  const nobody = await runCli([...sshHosts("host1"), "--sudo-user", "nobody", "--", "id -un"]);
  assertEquals(nobody.out, "1 host: 1 ok\n  host1\n    nobody\n");
  const here = await runCli(["--local", "-w", "a", "--sudo-user", "nobody", "--", "id -un"]);
  assertEquals(here.out, "1 host: 1 ok\n  a\n    nobody\n");
}));

Deno.test(needing("ssh", "--retries tries again to connect", async () => {
  await using folder = await tempFolder();
  await Deno.mkdir(`${folder.path}/bin`);
  await Deno.writeTextFile(
    `${folder.path}/bin/ssh`,
    `#!/bin/sh\ncase $1 in -V) echo OpenSSH_9.2p1 >&2; exit;; esac\n` +
      `echo try >> ${folder.path}/tries\n` +
      `echo 'ssh: connect to host x port 22: Connection refused' >&2\nexit 255\n`,
    { mode: 0o755 },
  );
  const env = { PATH: `${folder.path}/bin:${Deno.env.get("PATH")}` };
  const { code } = await runCli(["-w", "x", "--retries", "1", "--", "true"], { env });
  assertEquals(code, 1);
  assertEquals(await Deno.readTextFile(`${folder.path}/tries`), "try\ntry\n");
}));

Deno.test(
  needing("ssh", "an inventory's ways and the command line's options go together", async () => {
    await using folder = await tempFolder();
    const path = `${folder.path}/hosts.json`;
    await Deno.writeTextFile(path, JSON.stringify({ hosts: { web: { address: "host2" } } }));
    const { out } = await runCli(["-i", path, ...sshHosts("web"), "--", ADDRESS]);
    assertEquals(out, "1 host: 1 ok\n  web\n    127.0.0.2\n");
    const source = `ssh_config:${service("ssh").config}`;
    const named = await runCli(["-i", source, "-w", "host[1-2]", "--", "echo hi"]);
    assertEquals(named.out, "2 hosts: 2 ok\n  host[1-2] (2)\n    hi\n");
    const [F, config] = ["-F", service("ssh").config];
    const same = await runCli(["-i", "ssh_config", F, config, "-w", "host[1-2]", "--", "echo hi"]);
    assertEquals(same.out, named.out);
  }),
);

Deno.test(needing("docker", "--docker runs in new containers, with --docker-arg", async () => {
  const { image } = service("docker");
  const id = crypto.randomUUID().slice(0, 8);
  const names = [`cli-${id}-a`, `cli-${id}-b`];
  const { code, out, err } = await runCli([
    ...["--docker", image, "--docker-arg=--network=none", "--docker-arg=--env=COLOUR=blue"],
    ...["-w", names.join(), "--json", "--", "echo $COLOUR; cat /proc/1/comm"],
  ]);
  assertEquals(code, 0, err + out);
  const all = JSON.parse(out);
  assertEquals(Object.keys(all), names);
  for (const name of names) assertStringIncludes(all[name].stdout, "blue\n");

  // They do not see this disk.
  const inside = ["--docker", image, "--docker-arg=--network=none", "--json"];
  const facts = await runCli([...inside, "-w", `cli-${id}-c`, "facts", "runtime"]);
  assertEquals(JSON.parse(facts.out)[`cli-${id}-c`].runtime.name, "deno", facts.err);
  const checks = fileURLToPath(new URL("fixture/checks.ts", import.meta.url));
  const call = await runCli([...inside, "-w", `cli-${id}-d`, "--call", `${checks}#add`, "2", "3"]);
  assertEquals(JSON.parse(call.out), { [`cli-${id}-d`]: 5 }, call.err);
}));

Deno.test(needing("ssh", "60 hosts by ssh are one row", async () => {
  const { code, out, err } = await runCli([...sshHosts("host[1-60]"), "-f", "20", "--", "echo hi"]);
  assertEquals([code, err], [0, ""]);
  assertEquals(out, "60 hosts: 60 ok\n  host[1-60] (60)\n    hi\n");
}));
