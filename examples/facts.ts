/**
 * Facts of hosts, as a table: hosts with the same answer share a row.
 *
 * ```sh
 * deno run -A examples/facts.ts                  # two processes of this machine
 * deno run -A examples/facts.ts web1 web2 web3   # hosts, over ssh
 * ```
 */
import { Group, Local } from "../mod.ts";
import { disks, ip, memory, os, runtime } from "../agent/facts.ts";

const GIB = 1024 ** 3;

async function describe() {
  const { name, version } = runtime();
  const { total } = await memory();
  const root = (await disks()).find(({ mountPoint }) => mountPoint === "/");
  return {
    ip: ip(),
    system: os().prettyName,
    runtime: `${name} ${version}`,
    memory: `${(total / GIB).toFixed(1)} GiB`,
    root: root === undefined ? "unknown" : `${(root.size / GIB).toFixed(1)} GiB`,
  };
}

const hosts = Deno.args.length > 0 ? Deno.args : ["a", "b"].map((name) => new Local(name));

await using group = new Group(hosts);
console.log(await group.call(describe));
