/**
 * Through one tunnel into the next: a function on a host opens a tunnel to another user there, by
 * sudo. Chopsticks is not installed on the host; it is sent like any other module.
 *
 * ```sh
 * deno run -A examples/recursion.ts                         # a process here starts another one
 * deno run -A examples/recursion.ts www.example.com         # over ssh, then sudo to root
 * deno run -A examples/recursion.ts www.example.com nobody  # or to another user
 * ```
 */
import { userInfo } from "node:os";
import process from "node:process";
import { Local, Sudo, Tunnel } from "@chopsticks/chopsticks";

function whoAmI(): string {
  return `${userInfo().username} (process ${process.pid})`;
}

/** Without a user, the next process runs as the same user. */
async function twoHops(user: string | undefined): Promise<string[]> {
  await using next = user === undefined ? new Local("next") : new Sudo({ user });
  return [whoAmI(), await next.call(whoAmI)];
}

const [host, user = "root"] = Deno.args;

await using tun = host === undefined ? new Local("first") : new Tunnel(host);
const users = await tun.call(twoHops, host === undefined ? undefined : user);
console.log(`On ${tun.host}: ${users.join(", then ")}`);
