/**
 * Compares the codec's speed with msgpackr (without its native addon) and `@std/msgpack`: `deno run
 * -A tests/bench/codec_bench.ts`. All of them run in turn, within the same rounds, and each ratio
 * is a ratio of medians of the processor's time, so that other work on the machine counts little.
 * All have met all values before, as in a program that has run for a while, since V8 compiles code
 * for what it has met.
 *
 * @module
 */
import * as std from "@std/msgpack";
import process from "node:process";
import { decode, encode } from "../../codec/mod.ts";

interface Library {
  pack(value: unknown): Uint8Array;
  unpack(bytes: Uint8Array): unknown;
}

type Tasks = (() => unknown)[];

const MSGPACKR = "msgpackr@2.1.3";
const ROUNDS = 15;
/** How long each library works in one round, in milliseconds. */
const SLICE = 10;

/**
 * Loads msgpackr; through npm if its optional addons cannot be downloaded, since npm skips them.
 */
async function loadMsgpackr(): Promise<Library> {
  Deno.env.set("MSGPACKR_NATIVE_ACCELERATION_DISABLED", "true");
  try {
    return await import(`npm:${MSGPACKR}`);
  } catch {
    const folder = await Deno.makeTempDir();
    try {
      const { code, stderr } = await new Deno.Command("npm", {
        args: ["install", "--prefix", folder, "--omit=optional", "--no-save", MSGPACKR],
      }).output();
      if (code !== 0) {
        throw new Error(`Cannot install msgpackr: ${new TextDecoder().decode(stderr)}`);
      }
      return await import(`file://${folder}/node_modules/msgpackr/node-index.js`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
}

function record(i: number): unknown {
  return {
    id: 100_000 + i,
    name: `user ${i}`,
    email: `user${i}@example.com`,
    active: i % 3 === 0,
    score: i / 7,
    tags: ["admin", "staff", `group-${i % 10}`],
    address: { street: `${i} Long Street`, city: "Springfield", zip: 10_000 + i },
    manager: null,
  };
}

const range = <T>(length: number, make: (i: number) => T): T[] =>
  Array.from({ length }, (_, i) => make(i));

const cases: Record<string, unknown> = {
  "small record": { id: 17, ok: true, host: "web1.example.com", load: 0.25 },
  "call": { type: "call", id: 1234, fn: 7, args: ["/etc/hosts", { encoding: "utf-8", limit: 10 }] },
  "record": record(1),
  "100 KB of records": range(600, record),
  "10 MB binary": new Uint8Array(10_000_000).fill(7),
  "100 binaries of 1 KB": range(100, () => new Uint8Array(1000).fill(7)),
  "1 MB string": "The quick brown fox jumps over the lazy dog. ".repeat(22_000),
  "1 MB string, not ASCII": "いろはにほへとちりぬるを".repeat(28_000),
  "1000 strings of 8": range(1000, (i) => `str${i}`.padEnd(8, "x")),
  "1000 strings of 20": range(1000, (i) => `string ${i}`.padEnd(20, "x")),
  "1000 strings of 40": range(1000, (i) => `string ${i}`.padEnd(40, "x")),
  "1000 strings of 100": range(1000, (i) => `string ${i}`.padEnd(100, "x")),
  "1000 words, not ASCII": range(1000, (i) => `Größe ${i} für Mädchen`),
  "1000 words, Japanese": range(1000, (i) => `${i} 色は匂へど`),
  "1000 small integers": range(1000, (i) => i % 200 - 50),
  "1000 large integers": range(1000, (i) => 1_700_000_000_000 + i * 977),
  "1000 doubles": range(1000, (i) => i / 7),
  "dictionary of 1000": Object.fromEntries(range(1000, (i) => [`key${i}`, i])),
  "nested 100 deep": range(100, (i) => i).reduce<unknown>((next, i) => ({ i, next }), null),
};

/** The time that the processor has worked for us, in milliseconds. */
function worked(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const median = (times: number[]): number => times.sort((a, b) => a - b)[times.length >> 1]!;

/** Gives how often a task can be done in one slice. */
function repeatsOf(task: () => unknown): number {
  const start = worked();
  let count = 0;
  while (worked() - start < 2 * SLICE) {
    task();
    count++;
  }
  return Math.max(1, count >> 1);
}

/** Gives the median time of each task, in microseconds per run. */
function measure(tasks: Tasks): number[] {
  const repeats = tasks.map(repeatsOf);
  const times: number[][] = tasks.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    tasks.forEach((task, i) => {
      const start = worked();
      for (let n = repeats[i]!; n > 0; n--) task();
      times[i]!.push((worked() - start) * 1000 / repeats[i]!);
    });
  }
  return times.map(median);
}

function print(name: string, times: number[]): void {
  const [ours, ...others] = times as [number, ...number[]];
  const cells = [`${ours.toFixed(ours < 100 ? 2 : 0)} µs`];
  for (const time of others) cells.push(`${(time / ours).toFixed(2)}`);
  console.log(name.padEnd(32) + cells.map((cell) => cell.padStart(14)).join(""));
}

/** Runs every case and prints a table. */
export async function run(): Promise<void> {
  const msgpackr = await loadMsgpackr();
  console.log(
    "Speed of the codec in relation to other libraries: 2 is twice as fast, higher is better.\n" +
      "msgpackr decodes binaries as views of its input unless told to copy them, as the codec does.",
  );
  const columns = ["ours", "ours/msgpackr", "ours/std"].map((title) => title.padStart(14)).join("");
  const encoding = Object.entries(cases).map(([name, value]): [string, Tasks] => [name, [
    () => encode(value),
    () => msgpackr.pack(value),
    () => std.encode(value as never),
  ]]);
  const decoding = Object.entries(cases).map(([name, value]): [string, Tasks] => {
    const bytes = encode(value).slice();
    return [name, [() => decode(bytes), () => msgpackr.unpack(bytes), () => std.decode(bytes)]];
  });
  for (const [title, rows] of Object.entries({ encode: encoding, decode: decoding })) {
    for (const [, tasks] of rows) tasks.forEach(repeatsOf);
    console.log(`\n${title.padEnd(32)}${columns}`);
    for (const [name, tasks] of rows) print(name, measure(tasks));
  }
  const copying = new (msgpackr as unknown as {
    Unpackr: new (options: unknown) => Library;
  }).Unpackr({ copyBuffers: true, useRecords: false });
  const bytes = encode(cases["10 MB binary"]);
  print(
    "10 MB binary, msgpackr copying",
    measure([() => decode(bytes), () => copying.unpack(bytes), () => std.decode(bytes)]),
  );
}

if (import.meta.main) await run();
