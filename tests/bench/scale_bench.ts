/**
 * What many tunnels cost here: 1,000 to stubs, which speak the frames of an agent with no runtime
 * behind them, and 300 to agents on this machine: `deno task bench scale`.
 *
 * `deno run -A tests/bench/scale_bench.ts stubs 2000` does the one with another number, and
 * `agents 800` the other.
 *
 * @module
 */
import { createHash } from "node:crypto";
import process from "node:process";
import { encodeAgentInfo } from "../../agent/protocol/hello.ts";
import { encode } from "../../codec/encode.ts";
import { Group, Local, SubprocessTunnel } from "../../mod.ts";
import { which } from "../services/command.ts";
import { driveAgents } from "./_drive.ts";
import { printRatio, printTitle, timed } from "./_measure.ts";
import { residentSize } from "./_remote.ts";
import { run as command } from "./_run.ts";

const KiB = 1024;
/** The most memory that a tunnel may take here, in KiB. */
const MEMORY_LIMIT = 100;
/** Milliseconds that a tunnel to an agent may take to connect and call. */
const AGENT_LIMIT = 25_000 / 800;
/** How many agents are started at once, since a machine has only so many processors. */
const AT_ONCE = 50;
const COUNTS = { stubs: 1000, agents: 300 } as const;
type Kind = keyof typeof COUNTS;
/** A group whose members each drive so many agents. */
const MEMBERS = 3;
const EACH = 50;

const FILE = new TextEncoder().encode("a small file\n".repeat(100));

const STUB: readonly string[] = [
  "perl",
  new URL("_stub.pl", import.meta.url).pathname,
  ...[
    encodeAgentInfo({
      ...{ runtime: "deno", version: "2.9.6", os: "linux", arch: "x86_64", pid: 1 },
      hostname: "stub",
    }),
    encode(42),
    encode(["/file", FILE.length, 0o644, false]),
    FILE,
    encode([FILE.length, createHash("sha1").update(FILE).digest("hex")]),
  ].map((bytes) => bytes.toHex()),
];

/** A tunnel to a stub. */
class Stub extends SubprocessTunnel {
  readonly host: string;

  constructor(host: string) {
    super();
    this.host = host;
  }

  override command(): string[] {
    return [...STUB];
  }
}

/** What tunnels cost in the process that has them. */
interface Costs {
  /** Milliseconds until all have connected and called. */
  readonly connecting: number;
  readonly fetching: number;
  readonly closing: number;
  /** Milliseconds of processor time, of all that. */
  readonly processor: number;
  /** Bytes of memory, when all have connected, called and fetched. */
  readonly memory: number;
  /** How many descriptors were open then. */
  readonly descriptors: number;
}

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function openDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

/** Opens `count` tunnels, calls a function and fetches a file over each, and closes them. */
async function measureCosts(kind: Kind, count: number): Promise<Costs> {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, FILE);
  const make = (name: string): SubprocessTunnel =>
    kind === "stubs" ? new Stub(name) : new Local(name);
  // What one tunnel loads is not the others' cost.
  await using first = make("first");
  await first.call(Date.now);
  await first.fetch(path, null);

  const before = { memory: residentSize(), descriptors: openDescriptors() };
  const processorBefore = processorTime();
  const group = new Group(Array.from({ length: count }, (_, i) => make(`host${i}`)), {
    concurrency: AT_ONCE,
  });
  const connecting = await timed(async () => (await group.call(Date.now)).raiseFailures());
  const fetching = await timed(async () => (await group.fetch(path, null)).raiseFailures());
  const memory = residentSize() - before.memory;
  const descriptors = openDescriptors() - before.descriptors;
  const closing = await timed(() => group.close());
  const processor = processorTime() - processorBefore;
  await Deno.remove(path);
  return { connecting, fetching, closing, processor, memory, descriptors };
}

/** Starts as many stubs without a tunnel, `AT_ONCE` at a time, has them answer and ends them. */
async function startStubs(count: number): Promise<number> {
  const [program, ...args] = STUB as [string, ...string[]];
  const start = async (): Promise<void> => {
    const stdio = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    const child = new Deno.Command(program, { args, ...stdio }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode('_csN=a""b\n\0\0\0\0'));
    const reader = child.stdout.getReader();
    await reader.read();
    await writer.close();
    await Promise.all([child.status, reader.cancel(), child.stderr.cancel()]);
  };
  return await timed(async () => {
    let left = count;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await start();
    }));
  });
}

/** A time, and how much of the processor this process took of it, both in milliseconds. */
interface Time {
  readonly time: number;
  readonly processor: number;
}

async function withProcessor(work: () => Promise<unknown>): Promise<Time> {
  const before = processorTime();
  const time = await timed(work);
  return { time, processor: processorTime() - before };
}

/** Has agents on this machine driven by the members of a group, which are on it, too. */
async function driveByMembers(): Promise<void> {
  await using group = new Group(Array.from({ length: MEMBERS }, (_, i) => new Local(`member${i}`)));
  (await group.call(driveAgents, EACH)).raiseFailures();
}

/** Runs this file in a process of its own, whose memory has nothing else in it. */
async function alone<T>(...args: readonly string[]): Promise<T> {
  const script = new URL(import.meta.url).pathname;
  return JSON.parse(await command([Deno.execPath(), "run", "-A", "--no-check", script, ...args]));
}

function print(kind: Kind, count: number, costs: Costs): void {
  const { fetching, closing, processor, memory, descriptors } = costs;
  const each = (milliseconds: number): string => `${(milliseconds / count).toFixed(2)} ms`;
  printRatio({
    what: `memory here of each of ${count} tunnels to ${kind}`,
    ours: memory / count / KiB,
    baseline: MEMORY_LIMIT,
    unit: "KiB",
    aim: 1,
  });
  console.log(
    `    each: processor here ${each(processor)}, fetch of a small file ${each(fetching)}, ` +
      `close ${each(closing)}, ${(descriptors / count).toFixed(1)} descriptors`,
  );
}

/** Prints the ratios. */
export async function run(): Promise<void> {
  printTitle("Many tunnels (less is better)");
  if (which("perl") === undefined) console.log("  without stubs: perl is not installed");
  else {
    const count = COUNTS.stubs;
    const costs = await alone<Costs>("stubs", `${count}`);
    const baseline = await alone<number>("bare", `${count}`);
    printRatio({
      what: `${count} stubs, connect and call / start them`,
      ours: costs.connecting,
      baseline,
      unit: "ms",
    });
    print("stubs", count, costs);
  }
  const count = COUNTS.agents;
  const costs = await alone<Costs>("agents", `${count}`);
  printRatio({
    what: `each of ${count} agents, connect and call / 800 in 25 s`,
    ours: costs.connecting / count,
    baseline: AGENT_LIMIT,
    unit: "ms",
    aim: 1,
  });
  print("agents", count, costs);
  const byMembers = await alone<Time>("members");
  const direct = await alone<Time>("direct");
  printRatio({
    what: `${MEMBERS} members drive ${EACH} agents each / directly`,
    ours: byMembers.time,
    baseline: direct.time,
    unit: "ms",
  });
  printRatio({
    what: "  processor here",
    ours: byMembers.processor,
    baseline: direct.processor,
    unit: "ms",
  });
}

/** What {@linkcode alone} runs. */
const parts: Readonly<Record<string, (count: number) => Promise<unknown>>> = {
  stubs: (count) => measureCosts("stubs", count),
  agents: (count) => measureCosts("agents", count),
  bare: startStubs,
  members: () => withProcessor(driveByMembers),
  direct: () => withProcessor(() => driveAgents(MEMBERS * EACH)),
};

if (import.meta.main) {
  const [name, count] = Deno.args;
  if (name === undefined) await run();
  else console.log(JSON.stringify(await parts[name]!(Number(count))));
}
