/**
 * A group of machines of every kind: hosts over ssh, Docker containers, processes and other users
 * of this machine. The group treats all of them alike.
 *
 * ```sh
 * deno run -A examples/mixed_group.ts
 * deno run -A examples/mixed_group.ts web1 docker:sandbox local:worker sudo:root
 * ```
 */
import { type BaseTunnel, Docker, Group, Local, Sudo, Tunnel } from "@chopsticks/chopsticks";
import { os, runtime } from "@chopsticks/chopsticks/facts";

function tunnelTo(member: string): BaseTunnel {
  const [kind, name] = member.split(":");
  if (kind === "docker") return new Docker(name!);
  if (kind === "local") return new Local(name);
  if (kind === "sudo") return new Sudo({ user: name! });
  return new Tunnel(member);
}

function describe(): string {
  const { name, version } = runtime();
  return `${name} ${version} on ${os().prettyName}`;
}

const members = Deno.args.length > 0 ? Deno.args : ["local:worker", "local:helper"];

await using group = new Group(members.map(tunnelTo));
console.log(`${group}`);
console.log(await group.call(describe));
