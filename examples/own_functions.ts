/**
 * Your own functions on another machine: finds the largest files in a folder there.
 *
 * `largest` uses a constant, another function and the imports of this file. All of that is sent
 * with it. The rest of the file, such as its last lines, is not sent.
 *
 * ```sh
 * deno run -A examples/own_functions.ts                           # /etc of this machine
 * deno run -A examples/own_functions.ts /var/log www.example.com  # of a host, over ssh
 * ```
 */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Local, Tunnel } from "@chopsticks/chopsticks";

const LISTED = 5;

interface Found {
  path: string;
  size: number;
}

async function* filesIn(folder: string): AsyncGenerator<Found> {
  // Only root can read some folders.
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const info = await lstat(path).catch(() => undefined);
    if (info?.isDirectory()) yield* filesIn(path);
    else if (info?.isFile()) yield { path, size: info.size };
  }
}

async function largest(folder: string): Promise<Found[]> {
  const files: Found[] = [];
  for await (const file of filesIn(folder)) files.push(file);
  return files.sort((a, b) => b.size - a.size).slice(0, LISTED);
}

const [folder = "/etc", host] = Deno.args;

await using tun = host === undefined ? new Local() : new Tunnel(host);
for (const { path, size } of await tun.call(largest, folder)) {
  console.log(`${size}`.padStart(12), path);
}
