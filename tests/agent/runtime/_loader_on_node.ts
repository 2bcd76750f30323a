/**
 * Runs the loader's cases and prints, as JSON, what failed: for Node, where `Deno.test` is not to be had.
 *
 * @module
 */
import process from "node:process";
import { cases, runCase } from "./_loader_cases.ts";

const failures: Record<string, string> = {};
let running = "nothing";

function fail(error: unknown): void {
  failures[running] = String((error as Error)?.stack ?? error);
}

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
// A promise that is never settled ends a process without a word.
process.on("exit", () => {
  const count = Object.keys(cases).length;
  if (running !== "nothing") failures[running] ??= "It never ended";
  process.stdout.write(JSON.stringify({ count, failures }));
});

for (const name of Object.keys(cases)) {
  running = name;
  try {
    await runCase(name);
  } catch (error) {
    fail(error);
  }
  // What nobody waits for may still go wrong.
  await new Promise((resolve) => setTimeout(resolve));
}
running = "nothing";
