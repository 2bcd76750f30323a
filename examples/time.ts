/**
 * The time on another machine: the shortest thing that Chopsticks can do.
 *
 * ```sh
 * deno run -A examples/time.ts                   # this machine
 * deno run -A examples/time.ts www.example.com   # a host, over ssh
 * ```
 */
import { Local, Tunnel } from "@chopsticks/chopsticks";

const [host] = Deno.args;

await using tun = host === undefined ? new Local() : new Tunnel(host);
console.log(`Time on ${tun.host}:`, new Date(await tun.call(Date.now)).toISOString());
