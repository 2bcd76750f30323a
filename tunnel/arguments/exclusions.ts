import type { Exclusion } from "../../agent/trees/exclusion.ts";
import { typeError } from "../misuse.ts";
import { expandBraces } from "./braces.ts";
import { checkArgs } from "./check.ts";
import { endOfGroup, globExpression } from "./glob.ts";

/** The longest glob. No path is nearly as long. */
const MAX_LENGTH = 65_536;

/**
 * Compiles the globs of `exclude`, so that the far end needs no code for them.
 *
 * @throws {TypeError} If one of them is not a glob.
 */
export function exclusionsOf(globs: readonly string[] = []): Exclusion[] {
  checkArgs("exclude", globs);
  return globs.flatMap((glob) => {
    try {
      if (glob.startsWith("!") && endOfGroup(glob, 0) === undefined) {
        throw typeError("a glob that includes something again is not supported");
      }
      // In `{,a}`, nothing is left of the first.
      return expandBraces(glob).filter((one) => one !== "" || glob === "").map(exclusionOf);
    } catch (error) {
      const shown = JSON.stringify(glob.slice(0, 100));
      throw typeError(`exclude has ${shown}: ${(error as Error).message}`);
    }
  });
}

function exclusionOf(glob: string): Exclusion {
  const name = glob.replace(/\/+$/, "").replace(/^\.\//, "/");
  // No path in the folder has such parts.
  const isVain = name === "" || name.split("/").some((part) => part === "." || part === "..");
  if (isVain || glob.length > MAX_LENGTH) throw typeError("expected a glob");
  // As in a .gitignore: a glob without a slash is a name that may be in any folder.
  const start = name.includes("/") ? "^" : "^(?:.*/)?";
  return {
    pattern: new RegExp(start + globExpression(name.replace(/^\/+/, "")), "su"),
    foldersOnly: glob.endsWith("/"),
  };
}
