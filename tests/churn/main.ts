/**
 * Kills controllers, agents, ssh, sshd, shells and links at random moments, while work of all kinds
 * is under way, and looks whether anything is unsettled, damaged or left: `deno task churn`.
 *
 * `--moments 300`: how many; `--seed 1`: other moments for another number; `--lanes 4`: how many at
 * a time; `--only 17`: this moment alone; `--times 5`: it or them so many times.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { services } from "../services/services.ts";
import { startServices } from "../services/start.ts";
import { churn } from "./_churn.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    moments: { type: "string", default: "300" },
    seed: { type: "string", default: `${crypto.getRandomValues(new Uint16Array(1))[0]}` },
    lanes: { type: "string", default: "4" },
    only: { type: "string" },
    times: { type: "string", default: "1" },
  },
});
const seed = Number(values.seed);
const numbers = values.only === undefined
  ? Array.from({ length: Number(values.moments) }, (_, i) => i)
  : [Number(values.only)];
const moments = Array<number[]>(Number(values.times)).fill(numbers).flat();

const interruption = new AbortController();
Deno.addSignalListener("SIGINT", () => interruption.abort());
let passed = 0;
let done = 0;
let missed = 0;
let failed = 0;
{
  await using running = await startServices(interruption.signal, "ssh");
  Object.assign(services, running.services);
  const begun = performance.now();
  const failures = await churn({
    seed,
    moments: moments.values().filter(() => !interruption.signal.aborted),
    lanes: Math.min(Number(values.lanes), moments.length),
    onMoment(outcome) {
      done += outcome.done;
      if (outcome.missed) missed++;
      if (outcome.problems.length === 0) passed++;
      else failed++;
      if ((passed + failed) % 25 === 0) console.log(`${passed + failed} moments, ${failed} failed`);
    },
  });
  for (const failure of failures) console.log(`${failure}\n`);
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.log(`${done} pieces of work in ${seconds} s, ${missed} moments too early for the target`);
}
console.log(`${passed} of ${moments.length}, seed ${seed}`);
Deno.exit(passed === moments.length ? 0 : 1);
