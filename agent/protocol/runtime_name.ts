/** Deno's version. Code that runs here may define another `Deno` later. */
const deno = (globalThis as { Deno?: { readonly version: { readonly deno: string } } }).Deno
  ?.version.deno;

/** The name and version of the runtime of this process: `Deno 2.9.6`, `Node 20.1.0`. */
export function runtimeName(): string {
  if (deno !== undefined) return `Deno ${deno}`;
  // deno-lint-ignore no-process-global -- an import of it takes a third of a Deno agent's start
  return `Node ${process.versions.node}`;
}
