import type { Exclusion } from "../agent/tree_entry.ts";
import { checkArgs } from "./tunnel_options.ts";

/** The `picomatch` package, as far as it is used here. */
interface Picomatch {
  makeRe(glob: string, options: { readonly dot: boolean; readonly flags: string }): RegExp;
}

/**
 * Compiles the globs of `exclude`, so that the far end needs no library for them.
 *
 * @throws {TypeError} If one of them is no glob.
 */
export async function exclusionsOf(globs: readonly string[] = []): Promise<Exclusion[]> {
  checkArgs("exclude", globs);
  if (globs.length === 0) return [];
  const { default: picomatch } = await import("npm:picomatch@4.0.7") as { default: Picomatch };
  return globs.map((glob) => {
    if (/^!(?!\()/.test(glob)) {
      throw new TypeError(`exclude has ${JSON.stringify(glob)}: nothing can be included again`);
    }
    const name = glob.replace(/\/+$/, "").replace(/^\.\//, "/");
    // No path in the folder has such a part.
    const isVain = name === "" || name.split("/").some((part) => part === "." || part === "..");
    if (isVain) throw new TypeError(`exclude has ${JSON.stringify(glob)}: expected a glob`);
    // As in a .gitignore: without a slash in it, it is a name that may be anywhere.
    const anchored = name.includes("/") ? name.replace(/^\/+/, "") : `**/${name}`;
    return { pattern: compile(picomatch, glob, anchored), foldersOnly: glob.endsWith("/") };
  });
}

function compile({ makeRe }: Picomatch, glob: string, anchored: string): RegExp {
  try {
    // A line break is a character like any other.
    return makeRe(anchored, { dot: true, flags: "s" });
  } catch (cause) {
    const shown = JSON.stringify(glob.slice(0, 100));
    throw new TypeError(`exclude has ${shown}: ${(cause as Error).message}`, { cause });
  }
}
