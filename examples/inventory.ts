// Writes facts of hosts into a CSV, also why there are none: inventory.ts 'web[1-9]' hosts.csv
import { Group, hosts } from "@chopsticks/chopsticks";
import { disks, ip, memory, os } from "@chopsticks/chopsticks/facts";
import { csvFormat } from "npm:d3-dsv@3.0.1";

const [names = "web[1-9]", file = "hosts.csv"] = Deno.args;

async function facts() {
  const root = (await disks()).find(({ mountPoint }) => mountPoint === "/");
  const { total } = await memory();
  return { ip: ip(), os: os().prettyName, memory: total, disk: root?.size, free: root?.available };
}

await using group = new Group(hosts(names));
const result = await group.call(facts);
await Deno.writeTextFile(file, `${csvFormat(result.rows())}\n`);
