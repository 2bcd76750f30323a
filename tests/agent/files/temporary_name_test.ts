import { assert, assertEquals } from "@std/assert";
import { dirname } from "node:path";
import { isTemporaryName, sweep, temporaryPath } from "../../../agent/files/temporary_name.ts";
import { Folder, until } from "../../tunnel/operation/_files.ts";

const DAY = 24 * 60 * 60;

/** The parts of a temporary name: the machine, the process id, and the random part. */
function partsOf(path: string): [machine: string, pid: string, random: string] {
  const [machine, pid, random] = path.split("/").at(-1)!.slice(".chopsticks-".length).split("-");
  return [machine!, pid!, random!];
}

/** A process that has ended, and that has been waited for. */
async function deadProcess(): Promise<number> {
  const child = new Deno.Command("true").spawn();
  await child.status;
  return child.pid;
}

Deno.test("temporaryPath() gives another name each time, which says whose it is", () => {
  const paths = Array.from({ length: 1000 }, () => temporaryPath("/some/folder"));
  assertEquals(new Set(paths).size, 1000);
  for (const path of paths) {
    assertEquals(dirname(path), "/some/folder");
    assert(isTemporaryName(path.split("/").at(-1)!), path);
    assertEquals(partsOf(path)[1], `${Deno.pid}`);
  }
});

Deno.test("isTemporaryName() knows no other names", () => {
  const name = temporaryPath("/").slice(1);
  const [machine, pid, random] = partsOf(name);
  for (
    const other of [
      ...["", ".", ".chopsticks-", ".chopsticks-x", ".chopsticks", "file", "chopsticks-123"],
      ...[name.slice(1), `${name}0`, `${name}.bak`, ` ${name}`, `${name}\n`, name.slice(0, -1)],
      ...[name.toUpperCase(), `.chopsticks-${machine}-${pid}`, `.chopsticks-${machine}--${random}`],
      `.chopsticks-${machine}-x1-${random}`,
    ]
  ) assertEquals(isTemporaryName(other), false, other);
});

Deno.test("sweep() removes what the dead have left, and nothing else", async () => {
  await using folder = await Folder.create();
  const [machine, , random] = partsOf(temporaryPath(folder.path));
  const dead = await deadProcess();
  const other = "0".repeat(8) === machine ? "1".repeat(8) : "0".repeat(8);
  const nameOf = (machine: string, pid: number | string): string =>
    `.chopsticks-${machine}-${pid}-${random}`;
  const old = [
    nameOf(other, 4),
    // Processes that were started later.
    ...[nameOf(machine!, Deno.pid), nameOf(machine!, Deno.ppid)],
  ];
  const abandoned = [nameOf(machine!, dead), ...old];
  const kept = [
    `.chopsticks-${machine}-${Deno.pid}-${"0".repeat(16)}`, // this process
    `.chopsticks-${machine}-${Deno.ppid}-${"0".repeat(16)}`, // another that lives
    nameOf(machine!, 1), // one that may be another user's
    nameOf(machine!, 0), // not a process, but signals to it reach others
    nameOf(machine!, "9".repeat(30)), // no process has such a number
    nameOf(other, dead), // where it may live
    `${nameOf(machine!, dead)}.bak`,
    `x${nameOf(machine!, dead)}`,
    ".chopsticks-",
    "file",
  ];
  for (const name of [...abandoned, ...kept]) folder.write(name, name);
  const time = Date.now() / 1000 - 2 * DAY;
  for (const name of old) Deno.utimeSync(folder.at(name), time, time);
  // A folder with such a name is not a file that was left.
  const folderName = nameOf(machine!, `0${dead}`);
  Deno.mkdirSync(folder.at(folderName));
  folder.write(`${folderName}/file`, "");
  // A link is removed, but not the file it leads to.
  const link = nameOf(machine!, `00${dead}`);
  Deno.symlinkSync("file", folder.at(link));
  await sweep(folder.path);
  assertEquals(folder.names, [...kept, folderName].sort());
  for (const name of kept) assertEquals(Deno.readTextFileSync(folder.at(name)), name);
});

Deno.test({
  name: "sweep() removes what a process left that nobody has waited for",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using folder = await Folder.create();
    const [machine, , random] = partsOf(temporaryPath(folder.path));
    const child = new Deno.Command("sh", {
      args: ["-c", "sleep .1 & echo $!; exec sleep 1000"],
      stdout: "piped",
    }).spawn();
    try {
      const reader = child.stdout.getReader();
      const dead = new TextDecoder().decode((await reader.read()).value).trim();
      await reader.cancel();
      const stat = `/proc/${dead}/stat`;
      await until(() => Deno.readTextFileSync(stat).includes(" Z "), "the end of a process");
      folder.write(`.chopsticks-${machine}-${dead}-${random}`, "");
      await sweep(folder.path);
      assertEquals(folder.names, []);
    } finally {
      child.kill();
      await child.status;
    }
  },
});

Deno.test("sweep() looks at a folder once in a minute", async () => {
  await using folder = await Folder.create();
  const [machine, , random] = partsOf(temporaryPath(folder.path));
  await sweep(folder.path, 1_000_000);
  const name = `.chopsticks-${machine}-${await deadProcess()}-${random}`;
  folder.write(name, "");
  await sweep(folder.path, 1_059_000);
  assertEquals(folder.names, [name]);
  await sweep(folder.path, 1_060_000);
  assertEquals(folder.names, []);
});

Deno.test("sweep() does nothing where there is no folder", async () => {
  await using folder = await Folder.create();
  await sweep(folder.at("missing"));
  await sweep(folder.write("file", ""));
  assertEquals(folder.names, ["file"]);
});
