/**
 * Groups are like sets of hosts, and a tunnel alone is like a group of one.
 *
 * ```sh
 * deno run -A examples/set_operations.ts
 * deno run -A examples/set_operations.ts web1,web2,both worker1,both   # two lists of ssh hosts
 * ```
 */
import { Group, Local } from "@chopsticks/chopsticks";
import { memory } from "@chopsticks/chopsticks/facts";

const GIB = 1024 ** 3;

function groupOf(list: string): Group {
  const hosts = list.split(",");
  return new Group(Deno.args.length > 0 ? hosts : hosts.map((host) => new Local(host)));
}

const [web, workers] = [
  groupOf(Deno.args[0] ?? "web1,web2,both"),
  groupOf(Deno.args[1] ?? "worker1,both"),
];
console.log("web or worker:", web.union(workers).hosts);
console.log("web and worker:", web.intersection(workers).hosts);
console.log("web only:", web.difference(workers).hosts);
console.log("one of the two only:", web.symmetricDifference(workers).hosts);

const [first, second] = [new Local("first"), new Local("second")];
console.log("two tunnels:", `${first.union(second)}`);

// A host that is in both groups is asked once, over one connection.
await using all = web.union(workers);
const roomy = await all.filter(async () => (await memory()).total >= GIB);
console.log("with at least 1 GiB of memory:", roomy.hosts);
