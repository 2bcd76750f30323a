import process from "node:process";

type NodeModule = { createRequire: typeof import("node:module").createRequire };

// Deno takes milliseconds to load node:module, which most agents never need. Old Nodes can only
// load it now.
const { getBuiltinModule } = process;
const early: NodeModule | undefined = getBuiltinModule === undefined
  ? (await import("node:module")).default
  : undefined;

let require: ReturnType<NodeModule["createRequire"]> | undefined;

/** Gives `node:module`, which is loaded when it is first needed. */
export function nodeModule(): NodeModule {
  return early ?? getBuiltinModule("node:module");
}

/** Gives a `require` for built-in modules. */
export function requireBuiltin(): NonNullable<typeof require> {
  return require ??= nodeModule().createRequire("file:///");
}
