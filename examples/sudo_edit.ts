// Sets a line of a file as root, and reloads what reads it, where that is a change.
import { readFile, writeFile } from "node:fs/promises";
import { Group, hosts } from "@chopsticks/chopsticks";
import { sh } from "@chopsticks/chopsticks/sh";
const [names = "web[1-9]", file = "/etc/ssh/sshd_config", reload = "service ssh reload"] =
  Deno.args;

async function edit() {
  const before = await readFile(file, "utf8");
  const rest = before.split("\n").filter((line) => !/^#?PermitRootLogin\b/.test(line));
  const after = ["PermitRootLogin no", ...rest].join("\n");
  if (after === before) return "as it was";
  await writeFile(file, after); // keeps the owner and the mode
  const { code, stderr } = await sh(reload, { check: false });
  if (code === 0) return "changed";
  await writeFile(file, before);
  throw new Error(`Cannot reload, so ${file} is as it was: ${stderr}`);
}
await using web = new Group(hosts(names), { ssh: { sudo: true } });
console.log((await web.call(edit)).raiseFailures());
