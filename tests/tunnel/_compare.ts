/**
 * For the scripts of projects that tests make (`_project.ts`): calls functions here and at far
 * ends, and prints their outcomes.
 *
 * @module
 */
import { Local, RemoteError, type TunnelOptions } from "../../mod.ts";
import { Hidden } from "./_hidden.ts";

/** The environment variable with the folders that the far ends do not see, behind each other. */
export const HIDE_VARIABLE = "CHOPSTICKS_TEST_HIDE";

/** The value of each function, or its failure. */
export type Outcomes = Record<string, unknown>;

/** The outcomes here and at each far end, which are printed. */
export interface Comparison {
  readonly here: Outcomes;
  readonly there: Record<string, Outcomes>;
}

// deno-lint-ignore no-explicit-any -- any function without arguments
type Functions = Readonly<Record<string, () => any>>;

/**
 * Calls each function here and at far ends; the arguments of the script are the paths of their
 * interpreters. Results must be values that JSON can carry.
 */
export async function compare(functions: Functions, options: TunnelOptions = {}): Promise<void> {
  const outcomes = async (call: (fn: () => unknown) => unknown): Promise<Outcomes> => {
    const all: Outcomes = {};
    for (const [name, fn] of Object.entries(functions)) {
      try {
        all[name] = await call(fn);
      } catch (error) {
        all[name] = `${error instanceof RemoteError ? error.cause : error}`;
      }
    }
    return all;
  };
  const hidden = Deno.env.get(HIDE_VARIABLE)?.split(":");
  const there: Record<string, Outcomes> = {};
  for (const path of Deno.args) {
    const isDeno = path.endsWith("deno");
    const all: TunnelOptions = {
      ...options,
      ...isDeno ? { runtime: "deno", deno: path } : { runtime: "node", node: path },
    };
    await using tun = hidden === undefined ? new Local("there", all) : new Hidden(hidden, all);
    there[path] = await outcomes((fn) => tun.call(fn));
  }
  const comparison: Comparison = { here: await outcomes((fn) => fn()), there };
  console.log(JSON.stringify(comparison));
}
