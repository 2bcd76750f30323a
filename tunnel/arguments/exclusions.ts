import type { Exclusion } from "../../agent/trees/exclusion.ts";
import { checkArgs } from "../tunnel_options.ts";

/** The `picomatch` package, as far as it is used here. */
interface Picomatch {
  makeRe(glob: string, options: Readonly<Record<string, boolean | string>>): RegExp;
}

/** A name that starts with a dot is like any other, `[!a]` is what it is to a shell, and what cannot work throws. */
const OPTIONS = {
  dot: true,
  posix: true,
  debug: true,
  nonegate: true,
  fastpaths: false,
  flags: "s",
};

/** No path is nearly as long. */
const MAX_LENGTH = 65_536;

/** What a name without stands for itself alone. */
const WILDCARD = /[*?[{\\]|[!+@]\(/;

/** A whole expression in brackets. */
const BRACKETS = /\[(?![!^]?\](?![^\]]*\]))[!^]?\]?(?:\[:\w+:\]|[^\]])*\]/.source;

/** What may be more than a character, or picomatch takes for a part of a regular expression. */
const SPECIAL = new RegExp(String.raw`(\\.|${BRACKETS}|[?*+@!]\((?!\?)|[()|"+^$[{}])`, "s");

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
    if (isVain || glob.length > MAX_LENGTH) {
      const shown = JSON.stringify(glob.slice(0, 100));
      throw new TypeError(`exclude has ${shown}: expected a glob`);
    }
    // As in a .gitignore: without a slash in it, it is a name that may be anywhere.
    const isAnchored = name.includes("/");
    const path = name.replace(/^\/+/, "");
    const pattern = WILDCARD.test(path)
      ? compile(picomatch, glob, isAnchored ? path : `**/${path}`)
      : new RegExp(`${isAnchored ? "^" : "(?:^|/)"}${escapeRegExp(path)}$`);
    return { pattern, foldersOnly: glob.endsWith("/") };
  });
}

function compile({ makeRe }: Picomatch, glob: string, anchored: string): RegExp {
  try {
    // A line break is a character like any other.
    return makeRe(escapePlain(anchored), OPTIONS);
  } catch (cause) {
    const shown = JSON.stringify(glob.slice(0, 100));
    throw new TypeError(`exclude has ${shown}: ${(cause as Error).message}`, { cause });
  }
}

/** Has everything stand for itself that is none of what `SyncOptions.exclude` lists. */
function escapePlain(glob: string): string {
  // What is special has the odd places.
  const parts = glob.split(SPECIAL);
  const open: number[] = [];
  const groups = new Set<number>();
  for (let i = 1; i < parts.length; i += 2) {
    const part = parts[i]!;
    if (/^.?[({]$/.test(part)) open.push(i);
    else if (/^[)}]$/.test(part)) {
      const at = open.findLastIndex((start) => parts[start]!.endsWith(part === ")" ? "(" : "{"));
      const [start] = at < 0 ? [] : open.splice(at);
      if (start !== undefined && parts[start] !== "(") groups.add(start).add(i);
    }
  }
  let depth = 0;
  return parts.map((part, i) => {
    if (groups.has(i) && /[()]/.test(part)) depth += part === ")" ? -1 : 1;
    const isMeant = i % 2 === 0 || groups.has(i) || /^(\\|\[.)/s.test(part) ||
      part === "|" && depth > 0;
    return isMeant ? part : part.replace(/[()|"+^$[{}]/g, "\\$&");
  }).join("");
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
