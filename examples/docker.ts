/**
 * Runs a function in a new Docker container, which is gone afterwards.
 *
 * ```sh
 * deno run -A examples/docker.ts           # the official image of Deno
 * deno run -A examples/docker.ts node:24   # another one
 * ```
 */
import { Docker } from "@chopsticks/chopsticks";
import { os, runtime } from "@chopsticks/chopsticks/facts";

const [image] = Deno.args;

await using tun = new Docker(`chopsticks-${Deno.pid}`, {
  ...(image === undefined ? {} : { image }),
  // Docker may have to download the image first.
  connectTimeout: 5 * 60_000,
});
const { name, version } = await tun.call(runtime);
const { prettyName } = await tun.call(os);
console.log(`${tun.host} has ${name} ${version} on ${prettyName}`);
