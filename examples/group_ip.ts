/**
 * The addresses of several machines, by a function that comes with Chopsticks. A result is a `Map`
 * from each host to its answer, in the order of the hosts.
 *
 * ```sh
 * deno run -A examples/group_ip.ts                  # three processes of this machine
 * deno run -A examples/group_ip.ts web1 web2 web3   # hosts, over ssh
 * ```
 */
import { ErrorResult, Group, Local } from "../mod.ts";
import { ip } from "../agent/facts.ts";

const hosts = Deno.args.length > 0 ? Deno.args : ["a", "b", "c"].map((name) => new Local(name));

await using group = new Group(hosts);
for (const [host, address] of await group.call(ip)) {
  console.log(`${host} ip:`, address instanceof ErrorResult ? `unknown (${address.msg})` : address);
}
