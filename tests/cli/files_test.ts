import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { needing } from "../services/services.ts";
import { runCli, sshHosts, tempFolder } from "./_cli.ts";

/** The names of all files below a folder. */
async function tree(folder: string, prefix = ""): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    names.push(`${prefix}${name}`);
    if (isDirectory) names.push(...await tree(`${folder}/${name}`, `${prefix}${name}/`));
  }
  return names.toSorted();
}

Deno.test(needing("ssh", "put writes a file on every host, with --mode", async () => {
  await using folder = await tempFolder();
  const { path } = folder;
  await Deno.writeTextFile(`${path}/motd`, "Hello\n");
  const put = await runCli([...sshHosts("host[1-2]"), "put", `${path}/motd`, `${path}/there`]);
  assertEquals([put.code, put.err], [0, ""]);
  assertMatch(
    put.out,
    /^2 hosts: 2 ok\n +remotePath +size +sha1sum +changed *\n {2}host/,
  );
  assertEquals(await Deno.readTextFile(`${path}/there`), "Hello\n");
  assertEquals((await Deno.stat(`${path}/there`)).mode! & 0o777, 0o644);
  for (const [mode, bits] of [["600", 0o600], ["0755", 0o755], ["0o440", 0o440]] as const) {
    const args = ["put", "--mode", mode, `${path}/motd`, `${path}/${mode}`];
    assertEquals((await runCli([...sshHosts("host1"), ...args])).code, 0);
    assertEquals((await Deno.stat(`${path}/${mode}`)).mode! & 0o777, bits);
  }
  const json = await runCli([...sshHosts("host1"), "--json", "put", `${path}/motd`]);
  const { host1 } = JSON.parse(json.out);
  assertEquals(host1.size, 6);
  await Deno.remove(host1.remotePath);
}));

Deno.test("put and sync show with --dry-run and --diff what they would change", async () => {
  await using folder = await tempFolder();
  const { path } = folder;
  await Deno.mkdir(`${path}/here`);
  await Deno.writeTextFile(`${path}/here/a`, "Bye\n");
  const put = (...args: string[]) =>
    runCli(["--local", "-w", "x", "put", `${path}/here/a`, ...args]);
  await Deno.writeTextFile(`${path}/a`, "Hello\n", { mode: 0o644 });
  const dry = await put(`${path}/a`, "--dry-run", "--diff");
  assertEquals([dry.code, dry.err], [0, ""]);
  assertMatch(dry.out, /\n +-Hello\n +\+Bye\n/);
  assertEquals(await Deno.readTextFile(`${path}/a`), "Hello\n");
  assertMatch((await put(`${path}/a`)).out, /changed *\n {2}x .* true/);
  assertMatch((await put(`${path}/a`)).out, /changed *\n {2}x .* false/);
  const args = ["sync", `${path}/here`, `${path}/there`, "--diff"];
  const synced = await runCli(["--local", "-w", "x", ...args]);
  assertMatch(synced.out, /create a\n +0 unchanged\n[^]*\+Bye\n/);
  assertEquals(await Deno.readTextFile(`${path}/there/a`), "Bye\n");
  const nowhere = await put("--dry-run");
  assertEquals([nowhere.code, nowhere.out], [2, ""]);
  assertStringIncludes(nowhere.err, "put has no path there, and --dry-run makes no file");
});

Deno.test("put takes a file from stdin", async () => {
  await using folder = await tempFolder();
  const there = `${folder.path}/there`;
  const args = ["--local", "-w", "a", "put", "-", there];
  const { code, err } = await runCli(args, { stdin: "from a pipe" });
  assertEquals([code, err], [0, ""]);
  assertEquals(await Deno.readTextFile(there), "from a pipe");
});

Deno.test(needing("ssh", "fetch has a file here for every host", async () => {
  await using folder = await tempFolder();
  const { path } = folder;
  await Deno.writeTextFile(`${path}/there`, "Hello\n");
  const args = ["fetch", `${path}/there`, `${path}/{host}.txt`];
  const { code, out } = await runCli([...sshHosts("host[1-2]"), ...args]);
  assertEquals(code, 0);
  assertStringIncludes(out, `${path}/host1.txt`);
  for (const host of ["host1", "host2"]) {
    assertEquals(await Deno.readTextFile(`${path}/${host}.txt`), "Hello\n");
  }
  const one = await runCli([...sshHosts("host1"), "fetch", `${path}/there`, `${path}/copy`]);
  assertEquals(one.code, 0);
  const missing = await runCli([...sshHosts("host[1-2]"), "fetch", "/no/such", `${path}/{host}`]);
  assertEquals(missing.code, 1);
  assertMatch(missing.out, /2 failed\n {2}host\[1-2\] \(2\) +failed: Cannot fetch \/no\/such/);
}));

Deno.test("sync makes a folder the same, with --dry-run, --exclude, --delete and --checksum", async () => {
  await using folder = await tempFolder();
  const [here, there] = [`${folder.path}/here`, `${folder.path}/there`];
  await Deno.mkdir(`${here}/sub`, { recursive: true });
  for (const name of ["a", "sub/b", "c.tmp"]) await Deno.writeTextFile(`${here}/${name}`, name);
  const sync = (...args: string[]) => runCli(["--local", "-w", "x", "sync", here, there, ...args]);

  const dry = await sync("--dry-run", "--exclude", "*.tmp");
  assertEquals(dry.code, 0, dry.err);
  const said = ["create .", "create a", "create sub", "create sub/b", "0 unchanged"];
  assertEquals(dry.out, `1 host: 1 ok\n  x\n${said.map((line) => `    ${line}\n`).join("")}`);
  assertEquals((await Array.fromAsync(Deno.readDir(folder.path))).length, 1);

  const real = await sync("--exclude=*.tmp");
  assertMatch(
    real.out,
    /created +updated +deleted +unchanged +skipped +bytes\n {2}x +4 +0 +0 +0 +0/,
  );
  assertEquals(await tree(there), ["a", "sub", "sub/b"]);

  // As long as before, and of the same time.
  const { mtime } = await Deno.stat(`${here}/a`);
  await Deno.writeTextFile(`${there}/a`, "z");
  await Deno.utime(`${there}/a`, mtime!, mtime!);
  await Deno.writeTextFile(`${there}/extra`, "");
  assertEquals((await sync("--exclude=*.tmp")).code, 0);
  assertEquals(await Deno.readTextFile(`${there}/a`), "z");
  assertEquals((await sync("--checksum", "--delete", "--exclude", "*.tmp")).code, 0);
  assertEquals(await Deno.readTextFile(`${there}/a`), "a");
  assertEquals(await tree(there), ["a", "sub", "sub/b"]);
});

Deno.test("fetch -r fetches a folder from every host", async () => {
  await using folder = await tempFolder();
  const { path } = folder;
  await Deno.mkdir(`${path}/there/sub`, { recursive: true });
  await Deno.writeTextFile(`${path}/there/sub/b`, "b");
  const args = ["fetch", "-r", `${path}/there`, `${path}/copies/{host}`];
  await Deno.mkdir(`${path}/copies`);
  const { code, out, err } = await runCli(["--local", "-w", "x,y", ...args]);
  assertEquals([code, err], [0, ""], out);
  assertEquals(await tree(`${path}/copies`), ["x", "x/sub", "x/sub/b", "y", "y/sub", "y/sub/b"]);
});
