import type { Exclusion } from "../../agent/trees/exclusion.ts";
import { checkArgs } from "./check.ts";

/** The part of the `picomatch` package that is used here. */
interface Picomatch {
  makeRe(glob: string, options: Readonly<Record<string, boolean | string>>): RegExp;
}

/**
 * Names that start with a dot are like any other, `[!a]` means what it means to a shell, and a glob
 * that cannot work throws.
 */
const OPTIONS = {
  dot: true,
  posix: true,
  debug: true,
  nonegate: true,
  fastpaths: false,
  flags: "s",
};

/** The longest glob. No path is nearly as long. */
const MAX_LENGTH = 65_536;

/** A name without these matches only itself. */
const WILDCARD = /[*?[{\\]|[!+@]\(/;

/** A whole expression in brackets. */
const BRACKETS = /\[(?![!^]?\](?![^\]]*\]))[!^]?\]?(?:\[:\w+:\]|[^\]])*\]/.source;

/** Characters and groups that may mean more than themselves to us, or to picomatch. */
const SPECIAL = new RegExp(String.raw`(\\.|${BRACKETS}|[?*+@!]\((?!\?)|[()|"+^$[{}])`, "s");

/**
 * Compiles the globs of `exclude`, so that the far end needs no library for them.
 *
 * Rejects with a `TypeError` if one of them is not a glob.
 */
export async function exclusionsOf(globs: readonly string[] = []): Promise<Exclusion[]> {
  checkArgs("exclude", globs);
  if (globs.length === 0) return [];
  const { default: picomatch } = await import("npm:picomatch@4.0.7") as { default: Picomatch };
  return globs.map((glob) => {
    if (/^!(?!\()/.test(glob)) {
      throw new TypeError(
        `exclude has ${
          JSON.stringify(glob)
        }: a glob that includes something again is not supported`,
      );
    }
    const name = glob.replace(/\/+$/, "").replace(/^\.\//, "/");
    // No path in the folder has such parts.
    const isVain = name === "" || name.split("/").some((part) => part === "." || part === "..");
    if (isVain || glob.length > MAX_LENGTH) {
      const shown = JSON.stringify(glob.slice(0, 100));
      throw new TypeError(`exclude has ${shown}: expected a glob`);
    }
    // As in a .gitignore: a glob without a slash is a name that may be in any folder.
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

/**
 * Escapes all that has no meaning by what `SyncOptions.exclude` says, so that it matches itself.
 */
function escapePlain(glob: string): string {
  // The special parts have odd indices.
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
