import { pathOf } from "./module_path.ts";
import { beforeProcess } from "./node_process.ts";

/** Has `process.argv` and `Deno.mainModule` name a script, in place of the agent's own code. */
export function setMainModule(url: string): void {
  beforeProcess((process) => process.argv[1] = pathOf(url));
  const { Deno: deno } = globalThis as { Deno?: object };
  if (deno !== undefined) Object.defineProperty(deno, "mainModule", { value: url });
}
