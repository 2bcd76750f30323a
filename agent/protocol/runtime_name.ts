import process from "node:process";

/** The name and version of the runtime of this process: `Deno 2.9.6`, `Node 20.1.0`. */
export function runtimeName(): string {
  const { deno, node } = process.versions;
  return deno === undefined ? `Node ${node}` : `Deno ${deno}`;
}
