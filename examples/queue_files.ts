/**
 * Three files for three hosts, which unpack them; some hosts take longer than others. With a
 * `Group`, all hosts wait for the slowest one before the next file. With a `Queue`, each host goes
 * on with its next file as soon as it can.
 *
 * ```sh
 * deno run -A examples/queue_files.ts                          # three processes of this machine
 * deno run -A examples/queue_files.ts /tmp host1 host2 host3   # into /tmp of hosts, over ssh
 * ```
 */
import { basename } from "node:path";
import { Group, Local, Queue } from "@chopsticks/chopsticks";

/** Stands for real work. */
async function unpack(path: string): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
  return path;
}

await using cleanup = new AsyncDisposableStack();
const here = await Deno.makeTempDir();
cleanup.defer(() => Deno.remove(here, { recursive: true }));

const files = ["a.txt", "b.txt", "c.txt"].map((name) => `${here}/${name}`);
for (const file of files) await Deno.writeTextFile(file, `This is ${basename(file)}\n`);

const [folder = ".", ...names] = Deno.args;
const hosts = names.length > 0 ? names : ["host1", "host2", "host3"].map((name) => {
  const cwd = `${here}/${name}`;
  Deno.mkdirSync(cwd);
  return new Local(name, { cwd });
});

await using group = new Group(hosts);
(await group.connect()).raiseFailures();

let begun = performance.now();
for (const file of files) {
  const path = `${folder}/${basename(file)}`;
  (await group.put(file, path)).raiseFailures();
  (await group.call(unpack, path)).raiseFailures();
}
console.log(`Group: ${Math.round(performance.now() - begun)} ms`);

begun = performance.now();
const queue = new Queue();
const unpacked = files.map((file) => {
  const path = `${folder}/${basename(file)}`;
  queue.put(group, file, path);
  return queue.call(group, unpack, path);
});
await queue.run();
console.log(`Queue: ${Math.round(performance.now() - begun)} ms`);

for (const result of unpacked) console.log(result.value);
