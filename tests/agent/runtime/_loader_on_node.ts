/**
 * Runs the loader's cases on Node, which has no `Deno.test`, and prints the failures as JSON.
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
// When a promise never settles, Node ends the process without an error.
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
  // A promise that nobody awaits may still be rejected.
  await new Promise((resolve) => setTimeout(resolve));
}
running = "nothing";
