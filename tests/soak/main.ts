/**
 * Does 30,000 operations in five minutes, half of which are aborted or broken off, on an agent of
 * each runtime, and shows what memory and descriptors are in use at both ends: `deno task soak`.
 * Both must stay what they are after the first minute.
 *
 * `--minutes 5`: how long; `--operations 30000`: how many.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { Local } from "../../mod.ts";
import * as far from "./far.ts";
import { OPERATIONS } from "./_operations.ts";

/** How many operations are under way at once. */
const AT_ONCE = 20;

/** How often memory and descriptors are looked at, in a run. */
const SAMPLES = 30;

/** How much more of the live objects there may be at the end, and of the process's memory. */
const MOST_GROWTH = { heap: 0.05, external: 0.1, rss: 0.1 };

/** What a growth is always allowed, in bytes: the noise of one look. */
const NOISE = 256 * 1024;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    minutes: { type: "string", default: "5" },
    operations: { type: "string", default: "30000" },
  },
});
const duration = Number(values.minutes) * 60_000;
const operations = Number(values.operations);

const folder = await Deno.makeTempDir();
const file = `${folder}/file`;
Deno.writeFileSync(file, new Uint8Array(100_000));
Deno.createSync(`${file}-huge`).close();
// It has no blocks, so it is all the same how large it is.
Deno.truncateSync(`${file}-huge`, 2 ** 40);
const agents = [
  new Local("Deno", { runtime: "deno", stderr: () => {} }),
  new Local("Node", { runtime: "node", stderr: () => {} }),
];
const ends = {
  controller: () => far.usage(),
  ...Object.fromEntries(agents.map((tun) => [`${tun.host} agent`, () => tun.call(far.usage)])),
};
const samples: Record<string, far.Usage[]> = {};
const kinds = Object.entries(OPERATIONS);
let failures = 0;

async function doOne(i: number): Promise<void> {
  const [name, operation] = kinds[i % kinds.length]!;
  // Each kind is done on each agent.
  const tun = agents[Math.floor(i / kinds.length) % agents.length]!;
  try {
    await operation(tun, file, i);
  } catch (error) {
    failures++;
    console.log(`${name} on ${tun.host}: ${error}`);
  }
}

async function sample(minutes: number): Promise<void> {
  const cells = [];
  for (const [end, usage] of Object.entries(ends)) {
    const now = await usage();
    (samples[end] ??= []).push(now);
    const [heap, external, rss] = [now.heap, now.external, now.rss]
      .map((bytes) => (bytes / 1e6).toFixed(2));
    cells.push(`${end} ${heap} + ${external}, ${rss} MB, ${now.descriptors} descriptors`);
  }
  console.log(`${minutes.toFixed(1)} min: ${cells.join("; ")}`);
}

async function soak(): Promise<void> {
  const begun = performance.now();
  console.log("Live objects + buffers outside the heap, memory of the process");
  for (let done = 0, sampled = 0; done < operations;) {
    const count = Math.min(AT_ONCE, operations - done);
    await Promise.all(Array.from({ length: count }, (_, i) => doOne(done + i)));
    done += count;
    if (done / operations * SAMPLES >= sampled + 1) {
      sampled++;
      await sample((performance.now() - begun) / 60_000);
    }
    const early = begun + duration * done / operations - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
  }
}

try {
  await soak();
} finally {
  for (const tun of agents) await tun.close();
  await Deno.remove(folder, { recursive: true });
}

/** The mean of the values of a list. */
function mean(list: readonly number[]): number {
  return list.reduce((sum, one) => sum + one, 0) / list.length;
}

const growing: string[] = [];
for (const [end, list] of Object.entries(samples)) {
  // The first minute of five is for warming up.
  const flat = list.slice(Math.ceil(list.length / 5));
  const third = Math.ceil(flat.length / 3);
  for (const [key, limit] of Object.entries(MOST_GROWTH)) {
    const sizes = flat.map((usage) => usage[key as keyof typeof MOST_GROWTH]);
    const [first, last] = [mean(sizes.slice(0, third)), mean(sizes.slice(-third))];
    const text = `${end}: ${key} ${(first / 1e6).toFixed(2)} -> ${(last / 1e6).toFixed(2)} MB`;
    console.log(text);
    if (last - first > Math.max(first * limit, NOISE)) growing.push(text);
  }
  const counts = new Set(flat.map(({ descriptors }) => descriptors));
  console.log(`${end}: ${[...counts].join(", ")} descriptors`);
  if (counts.size > 1) growing.push(`${end}: ${[...counts].join(", ")} descriptors`);
}
for (const text of growing) console.log(`Not constant: ${text}`);
console.log(
  `${operations - failures} of ${operations} operations, ` +
    `${growing.length === 0 ? "memory and descriptors constant" : "NOT constant"}`,
);
Deno.exit(failures === 0 && growing.length === 0 ? 0 : 1);
