/**
 * The time on several machines, asked side by side. A machine that does not answer does not stop or
 * hide the others.
 *
 * ```sh
 * deno run -A examples/group_time.ts             # three processes of this machine
 * deno run -A examples/group_time.ts web1 web2   # hosts, over ssh
 * ```
 */
import { Group, Local } from "../mod.ts";

const hosts = Deno.args.length > 0 ? Deno.args : ["a", "b", "c"].map((name) => new Local(name));

await using group = new Group(hosts);
const times = await group.call(Date.now);
for (const [host, time] of times.successful()) {
  console.log(`Time on ${host}:`, new Date(time).toISOString());
}
for (const [host, failure] of times.failures()) {
  console.error(`No time from ${host}:`, failure.msg);
}
