import { accessSync, constants } from "node:fs";
import process from "node:process";

/** A program that can run an agent. */
export type InterpreterKind = "deno" | "node";

/** Options that say where an interpreter is looked for at the far end. */
export interface InterpreterOptions {
  /** The kind of interpreter to look for. */
  readonly runtime: InterpreterKind | "auto";
  /** The only Deno to try, a path or a name in `$PATH`. Without it, usual places are searched. */
  readonly deno?: string | undefined;
  /** The only Node to try, likewise. */
  readonly node?: string | undefined;
  /** An interpreter that is known to be there. It is tried before the usual places. */
  readonly own?: { readonly kind: InterpreterKind; readonly path: string } | undefined;
}

const USUAL_PLACES: Readonly<Record<InterpreterKind, readonly string[]>> = {
  deno: [
    "deno",
    "~/.deno/bin/deno",
    "/usr/local/bin/deno",
    "/opt/homebrew/bin/deno",
    "/usr/bin/deno",
    "/snap/bin/deno",
  ],
  node: [
    "node",
    "nodejs",
    "/usr/local/bin/node",
    "/opt/homebrew/bin/node",
    "/usr/bin/node",
    "~/.volta/bin/node",
    "~/.nvm/current/bin/node",
  ],
};

/** The places where an interpreter is looked for, in order; those for Deno come first. */
export function searchedPlaces(
  options: InterpreterOptions,
): Readonly<Record<InterpreterKind, readonly string[]>> {
  const { runtime, own } = options;
  const placesOf = (kind: InterpreterKind): readonly string[] => {
    if (runtime !== "auto" && runtime !== kind) return [];
    const given = options[kind];
    if (given !== undefined) return [given];
    return own?.kind === kind ? [own.path, ...USUAL_PLACES[kind]] : USUAL_PLACES[kind];
  };
  return { deno: placesOf("deno"), node: placesOf("node") };
}

/**
 * The interpreter that runs this process, or `undefined` if that is not one, but a program made by
 * `deno compile`.
 */
export function ownInterpreter(): InterpreterOptions["own"] {
  const path = process.execPath;
  const isDeno = typeof Deno !== "undefined";
  if (isDeno && Deno.build.standalone) return undefined;
  try {
    accessSync(path, constants.X_OK);
  } catch {
    return undefined;
  }
  return { kind: isDeno ? "deno" : "node", path };
}
