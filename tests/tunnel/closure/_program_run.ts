import { type BaseTunnel, RemoteError } from "../../../mod.ts";
import { Random } from "../../agent/_random.ts";
import { errorText, look } from "./_look.ts";
import { type Piece, printed } from "./_program_scope.ts";
import { type ProgramMode, ProgramWriter } from "./_program_writer.ts";

/** A random program. */
export interface Program {
  readonly seed: number;
  readonly mode: ProgramMode;
  readonly pieces: readonly Piece[];
}

/** What came of a call: here, and at the far end. */
export interface Mismatch {
  readonly program: Program;
  readonly here: string;
  readonly there: string;
}

/** What came of some programs. */
export interface Tally {
  calls: number;
  /** The texts of calls that were refused. */
  refusals: string[];
  mismatches: Mismatch[];
}

/** Makes a call, and gives a promise that never rejects. */
type Call = (fn: unknown, ...args: unknown[]) => Promise<unknown>;
type Run = (call: Call) => Promise<unknown>;

const MODES: readonly ProgramMode[] = [
  "module",
  "module",
  "module",
  "typescript",
  "sloppy",
  "strict",
  "top",
];
const LOOK = new URL("_look.ts", import.meta.url).href;
/** Where the programs at the top of a module find how to call. */
const HOOK = Symbol.for("random program");
const hooks = globalThis as unknown as Record<symbol, Call>;

/** The programs of some seeds, by what they are run in. */
export function writePrograms(first: number, count: number): Program[] {
  return Array.from({ length: count }, (_, i) => {
    const seed = first + i;
    const random = new Random(seed);
    // Those that follow each other are of one mode, so that they can be loaded together.
    const mode = MODES[Math.floor(seed / 10) % MODES.length]!;
    return { seed, mode, pieces: new ProgramWriter(random, mode).program() };
  });
}

/** Runs programs of one mode here and at the far end. */
export async function runPrograms(
  programs: readonly Program[],
  tunnel: BaseTunnel,
  tally: Tally,
): Promise<void> {
  const runs = await load(programs);
  for (const [i, run] of runs.entries()) await compare(programs[i]!, run, tunnel, tally);
}

async function compare(
  program: Program,
  run: Run,
  tunnel: BaseTunnel,
  tally: Tally,
): Promise<void> {
  const pending: Promise<string>[] = [];
  await run((fn, ...args) => {
    if (typeof fn !== "function" || pending.length === 8) return Promise.resolve();
    const outcome = outcomeOf(tunnel.call(fn as () => unknown, ...args as []));
    pending.push(outcome);
    return outcome;
  }).catch(() => {}); // as it does here
  for (const [i, there] of (await Promise.all(pending)).entries()) {
    tally.calls++;
    if (there.startsWith("TypeError: Cannot send")) {
      tally.refusals.push(there);
      continue;
    }
    const here = await callHere(run, i);
    if (here !== there) tally.mismatches.push({ program, here, there });
  }
}

/** Runs a program up to one of its calls, which is made here. */
async function callHere(run: Run, index: number): Promise<string> {
  let count = 0;
  let outcome: Promise<string> | undefined;
  await run((fn, ...args) => {
    if (typeof fn !== "function" || count++ !== index) return Promise.resolve();
    outcome = outcomeOf((async () => await fn(...args))());
    // No more of the program runs, which would change what the call sees.
    throw new Error("stop");
  }).catch(() => {});
  return await outcome ?? "not called";
}

async function outcomeOf(result: Promise<unknown>): Promise<string> {
  try {
    return `gives ${look(await result, { left: 0 })}`;
  } catch (error) {
    const thrown = error instanceof RemoteError ? error.cause : error;
    const isRefused = (thrown as Error)?.message?.startsWith("Cannot send");
    return isRefused ? String(thrown) : `throws ${errorText(thrown)}`;
  }
}

let loaded = 0;

export async function load(programs: readonly Program[]): Promise<Run[]> {
  const [{ mode } = { mode: "module" }] = programs;
  if (mode === "top") {
    return programs.map(({ pieces }) => async (call) => {
      hooks[HOOK] = call;
      const text = `import { look } from ${JSON.stringify(LOOK)};
const call = globalThis[Symbol.for("${HOOK.description}")];
${printed(pieces)}`;
      await importText(text, "text/javascript");
    });
  }
  const list = programs.map(({ pieces }) => `async (call) => {\n${printed(pieces)}}`).join(",\n");
  if (mode === "sloppy" || mode === "strict") {
    const directive = mode === "strict" ? '"use strict";' : "";
    return new Function("look", `${directive}return [${list}];`)(look);
  }
  const isTyped = mode === "typescript";
  const module = await importText(
    `import { look } from ${JSON.stringify(LOOK)};\nexport const programs = [${list}];`,
    isTyped ? "application/typescript" : "text/javascript",
  );
  return module.programs as Run[];
}

function importText(text: string, type: string): Promise<Record<string, unknown>> {
  // Each import of a text is a module of its own.
  return import(`data:${type},${encodeURIComponent(`${text}\n// ${loaded++}`)}`);
}

/** Leaves out of a program what a mismatch does not need. */
export async function shrunk(
  { program: { seed, mode, pieces } }: Mismatch,
  tunnel: BaseTunnel,
): Promise<Mismatch | undefined> {
  const test = async (pieces: readonly Piece[]): Promise<Mismatch | undefined> => {
    const tally: Tally = { calls: 0, refusals: [], mismatches: [] };
    try {
      await runPrograms([{ seed, mode, pieces }], tunnel, tally);
    } catch {
      // It cannot be read any more.
    }
    return tally.mismatches[0];
  };
  let best = await test(pieces);
  if (best === undefined) return undefined;
  const end = performance.now() + Number(Deno.env.get("SHRINK") ?? 20) * 1000;
  let from = 0;
  // Again until nothing more can go. What has been tried is tried last.
  for (let failed = 0; performance.now() < end;) {
    const candidates = [...smaller(best.program.pieces)];
    if (failed >= candidates.length) break;
    const found = await test(candidates[from % candidates.length]!);
    if (found === undefined) {
      failed++;
      from++;
    } else {
      failed = 0;
      best = found;
    }
  }
  return best;
}

/** Pieces without one of them, or with one in its parts. The largest cuts come first. */
function* smaller(pieces: readonly Piece[]): Generator<Piece[]> {
  for (let i = pieces.length - 1; i >= 0; i--) {
    yield pieces.filter((_, at) => at !== i);
  }
  for (const [i, piece] of pieces.entries()) {
    if (typeof piece === "string") continue;
    for (const body of smaller(piece.body)) {
      yield pieces.map((one, at) => at === i ? { ...piece, body } : one);
    }
  }
}
