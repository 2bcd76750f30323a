/**
 * For the scripts that `_check.ts` makes: runs a function here and at far ends, and prints the
 * outcomes.
 *
 * @module
 */
import type { TunnelOptions } from "../../mod.ts";
import { Hidden } from "../tunnel/_hidden.ts";

/**
 * Prints the outcomes of a function.
 *
 * @param folder Where it is; far ends see neither that, nor Deno's cache, nor the library.
 * @param nodes The paths of Node at far ends.
 */
export async function compareHidden(
  use: () => Promise<unknown>,
  folder: string,
  nodes: readonly string[],
): Promise<void> {
  const root = new URL("../..", import.meta.url).pathname;
  const cache = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;
  // Before the first call here, which may change what the package holds.
  const agents: [string, TunnelOptions][] = [
    ["deno", { runtime: "deno", deno: Deno.execPath() }],
    ...nodes.map((node): [string, TunnelOptions] => [node, { runtime: "node", node }]),
  ];
  const there = await Promise.all(agents.map(async ([name, options]) => {
    await using tunnel = new Hidden([cache, root, folder], { ...options, stderr: () => {} });
    return [name, await outcome(() => tunnel.call(use))];
  }));
  const here = await outcome(use);
  console.log(`\nOUTCOMES ${JSON.stringify([["here", here], ...there])}`);
  Deno.exit();
}

async function outcome(use: () => Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify(await use()) ?? "undefined";
  } catch (error) {
    return String(error).replaceAll("\n", " ");
  }
}
