/**
 * Uses packages of npm here and at far ends that do not see this disk, and prints how many do the
 * same: `deno task packages`, or `deno task packages express axios` for some of them. It must run
 * as root, to hide folders, and takes some minutes.
 *
 * @module
 */
import { which } from "../services/command.ts";
import { checkPackage } from "./_check.ts";
import { packageCases } from "./_list.ts";

const wanted = Deno.args;
const cases = (await packageCases())
  .filter(({ name }) => wanted.length === 0 || wanted.some((one) => name.startsWith(`${one}@`)));
const node = which("node");
const rest = cases.values();
let right = 0;

async function work(): Promise<void> {
  for (const one of rest) {
    const wrong = await checkPackage(one, node === undefined ? [] : [node]);
    if (wrong === undefined) right++;
    else console.log(wrong.slice(0, 400));
  }
}

await Promise.all([work(), work()]);
console.log(`${right} of ${cases.length}`);
if (right < cases.length) Deno.exit(1);
