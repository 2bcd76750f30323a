/**
 * Runs random programs here and at a far end, and prints each that differs, as small as it gets:
 *
 * `deno run -A --no-check tests/tunnel/closure/_random_programs.ts [first seed] [count] [path of
 * Node]`
 *
 * @module
 */
import { Local } from "../../../mod.ts";
import { printed } from "./_program_scope.ts";
import { runPrograms, shrunk, type Tally, writePrograms } from "./_program_run.ts";

/** Programs that follow each other are loaded together. */
const BATCH = 10;

const keepWhole = Deno.env.get("WHOLE") !== undefined;
const [first = "0", count = "300", node] = Deno.args;
await using tunnel = new Local(
  "far end",
  node === undefined ? { runtime: "deno", deno: Deno.execPath() } : { runtime: "node", node },
);
// Programs leave promises alone.
globalThis.addEventListener("unhandledrejection", (event) => event.preventDefault());
let mismatches = 0;
const tally: Tally = { calls: 0, refusals: [], mismatches: [] };
const begin = Number(first);
for (let seed = begin; seed < begin + Number(count); seed += BATCH) {
  const programs = writePrograms(seed, Math.min(BATCH, begin + Number(count) - seed));
  try {
    await runPrograms(programs, tunnel, tally);
  } catch (error) {
    console.log(`Seeds ${seed} to ${seed + BATCH - 1} (${programs[0]!.mode}):`, error);
  }
  for (const mismatch of tally.mismatches.splice(0)) {
    const { program, here, there } = (keepWhole ? undefined : await shrunk(mismatch, tunnel)) ??
      mismatch;
    console.log(`--- seed ${program.seed}, ${program.mode}\n${printed(program.pieces)}`);
    console.log(`here:  ${here}\nthere: ${there}`);
    if (++mismatches > Number(Deno.env.get("MAX") ?? 5)) Deno.exit(1);
  }
}
console.log(
  `${tally.calls} calls, ${tally.refusals.length} refused, ${mismatches} programs that differ`,
);
const reasons = new Map<string, number>();
for (const text of tally.refusals) {
  const key = text.replace(/ \(data:.*/s, "").replace(/\bfunction \S+/, "function f").replace(
    /.*: (?=it |variable |bound |property )/,
    "",
  ).slice(0, 90);
  reasons.set(key, (reasons.get(key) ?? 0) + 1);
}
for (const [reason, count] of [...reasons].sort((a, b) => b[1] - a[1]).slice(0, 25)) {
  console.log(count, reason);
}
