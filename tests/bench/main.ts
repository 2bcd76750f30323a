/**
 * Runs all benchmarks: `deno task bench [name …]`, with names such as `connect`.
 *
 * Each prints ratios to a baseline that was measured in the same rounds. So results of different
 * machines can be compared, which is not so for times.
 *
 * @module
 */
import { services } from "../services/services.ts";
import { startServices } from "../services/start.ts";

const names = [
  "connect",
  "closing",
  "hosts",
  "scale",
  "first_call",
  "modules",
  "bytes",
  "round_trip",
  "traces",
  "functions",
  "throughput",
  "files",
  "sync",
  "codec",
  "scheduler",
];
/** The benchmarks that use services. */
const withServices = ["closing", "hosts", "round_trip", "files", "sync"];

const wanted = Deno.args.length === 0 ? names : Deno.args;
for (const name of wanted) {
  if (!names.includes(name)) {
    console.error(`There is no benchmark ${name}; there are ${names.join(", ")}`);
    Deno.exit(2);
  }
}
console.log(
  `Deno ${Deno.version.deno}, ${Deno.build.target}, ${navigator.hardwareConcurrency} processors`,
);
// Services are started here unless the test runner has started them.
await using running = wanted.some((name) => withServices.includes(name)) && services.folder === ""
  ? await startServices(new AbortController().signal)
  : undefined;
if (running !== undefined) {
  Object.assign(services, running.services);
  if (services.docker.available) Deno.env.set("DOCKER_HOST", services.docker.host);
}
for (const name of wanted) {
  const { run } = await import(`./${name}_bench.ts`) as { run(): Promise<void> };
  await run();
}
