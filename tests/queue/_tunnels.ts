import { Local } from "../../mod.ts";
import { ErrorResult } from "../../group/error_result.ts";
import type { Queue } from "../../queue/queue.ts";
import { soon } from "../tunnel/_deadline.ts";

/** Runs a queue that is expected to come to an end. */
export async function run(queue: Queue): Promise<void> {
  await soon(queue.run(), "run()");
}

/** Runs a test with two tunnels. */
export function withTunnels(name: string, test: (a: Local, b: Local) => Promise<void>): void {
  Deno.test(name, async () => {
    await using a = new Local("a", { stderr: () => {} });
    await using b = new Local("b", { stderr: () => {} });
    await test(a, b);
  });
}

/** Insists on a value. */
export function success<T>(result: T | ErrorResult): T {
  if (result instanceof ErrorResult) throw new Error(`Expected a value, got ${result.msg}`);
  return result;
}

/** Insists on a failure. */
export function failure(result: unknown): ErrorResult {
  if (result instanceof ErrorResult) return result;
  throw new Error(`Expected an ErrorResult, got ${Deno.inspect(result)}`);
}
