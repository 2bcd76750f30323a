import { createHash } from "node:crypto";
import { type Found, isSecret, type Wish } from "../../agent/files/found.ts";
import { visible } from "../visible.ts";

/** The most bytes of a file that is compared line by line. */
export const MAX_SIZE: number = 1024 ** 2;

/**
 * The most lines that differ. If there are more, all lines from the first one to the last one that
 * differ are replaced: to find the shortest diff takes time by the square of this.
 */
const MAX_EDITS = 1_000;

/** How many lines are shown around each change. */
const CONTEXT = 3;

/** No file, as in other diffs. */
const NO_FILE = "/dev/null";

/** A file, link or folder before and after a transfer. */
export interface PathChange {
  /** How the diff calls it. */
  readonly name: string;
  readonly before: Found | null;
  readonly after: Found | null;
  /** Whether it is known that the contents are the same. */
  readonly isSame?: boolean;
}

/** A part of a file with changes: its place, and lines that begin with ` `, `-` or `+`. */
interface Hunk {
  oldStart: number;
  oldLines: number;
  newStart: number;
  newLines: number;
  lines: string[];
}

// Loaded when a diff is wanted: most scripts never need it.
const loadPackage = () => import("npm:diff@9.0.0/lib/patch/create.js");

/** Makes unified diffs, for people to read and for `patch` to apply. */
export class TextDiff {
  readonly #package: Awaited<ReturnType<typeof loadPackage>>;
  readonly #secrets: boolean;
  /** What has to be known of files. */
  readonly wish: Wish;

  private constructor(
    loaded: Awaited<ReturnType<typeof loadPackage>>,
    secrets: boolean,
  ) {
    this.#package = loaded;
    this.#secrets = secrets;
    this.wish = { maxSize: MAX_SIZE, secrets };
  }

  /** @param secrets Whether to show contents of files that only their owner may read. */
  static async load(secrets: boolean): Promise<TextDiff> {
    return new TextDiff(await loadPackage(), secrets);
  }

  /**
   * The diff of a file; `""` if nothing has changed, and `undefined` if what has changed are not
   * texts.
   */
  of({ name, before, after, isSame = false }: PathChange): string | undefined {
    const shown = quoted(name);
    const [old, now] = [kindOf(before), kindOf(after)];
    if (before !== null && old !== now || after?.size === undefined) {
      if (old === now) return modeLine(shown, before, after);
      return `${shown} becomes ${now}${before === null ? "" : ` instead of ${old}`}\n`;
    }
    return this.#ofFile(shown, before, after, isSame);
  }

  #ofFile(
    shown: string,
    before: Found | null,
    after: Found,
    isSame: boolean,
  ): string | undefined {
    const modes = modeLine(shown, before, after);
    if (isSame || before !== null && isSameHash(before, after)) return modes;
    if (before?.isBinary || after.isBinary) return undefined;
    const reason = this.#reasonToHide(before) ?? this.#reasonToHide(after);
    if (reason !== undefined) return `${modes}Contents of ${shown} are not shown: ${reason}\n`;
    const [old, now] = [textOf(before), textOf(after)];
    if (old === undefined || now === undefined) return undefined;
    if (old === now) return `${shown} becomes an empty file\n`;
    const hunks = this.#hunks(old, now);
    const header = `--- ${before === null ? NO_FILE : fileName(shown)}\n+++ ${fileName(shown)}\n`;
    return modes + header + this.#package.formatPatch(
      { oldFileName: "", newFileName: "", oldHeader: "", newHeader: "", hunks },
      this.#package.OMIT_HEADERS,
    );
  }

  /** Why the contents of a file are not shown, if so. */
  #reasonToHide(file: Found | null): string | undefined {
    if (file === null) return undefined;
    if (!this.#secrets && isSecret(file.mode!)) {
      return `only the owner may read them (mode ${octal(file.mode!)}), diff: true shows them`;
    }
    if (file.bytes !== undefined) return undefined;
    return file.size! > MAX_SIZE ? "more than 1 MiB" : "they cannot be read, or change meanwhile";
  }

  #hunks(old: string, now: string): Hunk[] {
    const options = { context: CONTEXT, maxEditLength: MAX_EDITS };
    const patch = this.#package.structuredPatch("", "", old, now, undefined, undefined, options);
    return patch?.hunks ?? [replaced(linesOf(old), linesOf(now))];
  }
}

/** One hunk for all lines from the first one to the last one that differ. */
function replaced(old: readonly string[], now: readonly string[]): Hunk {
  const least = Math.min(old.length, now.length);
  let start = 0;
  while (start < least && old[start] === now[start]) start++;
  let end = 0;
  while (end < least - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const from = Math.max(0, start - CONTEXT);
  const behind = Math.min(end, CONTEXT);
  const part = (sign: string, lines: readonly string[]): string[] =>
    lines.flatMap((line) =>
      line.endsWith("\n")
        ? [sign + line.slice(0, -1)]
        : [sign + line, "\\ No newline at end of file"]
    );
  return {
    oldStart: from + 1,
    oldLines: old.length - end + behind - from,
    newStart: from + 1,
    newLines: now.length - end + behind - from,
    lines: [
      ...part(" ", old.slice(from, start)),
      ...part("-", old.slice(start, old.length - end)),
      ...part("+", now.slice(start, now.length - end)),
      ...part(" ", old.slice(old.length - end, old.length - end + behind)),
    ],
  };
}

/** The lines of a text, each with its line break. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function isSameHash(before: Found, after: Found): boolean {
  const hash = hashOf(before);
  return hash !== undefined && hash === hashOf(after);
}

function hashOf({ sha1sum, bytes }: Found): string | undefined {
  if (sha1sum !== undefined || bytes === undefined) return sha1sum;
  return createHash("sha1").update(bytes).digest("hex");
}

/** The contents of a file as a text; `undefined` if they are none. */
function textOf(file: Found | null): string | undefined {
  if (file === null) return "";
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(file.bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}

function kindOf(found: Found | null): string {
  if (found === null) return "nothing";
  if (found.link !== undefined) return `a link to ${visible(JSON.stringify(found.link))}`;
  if (found.isFolder) return "a folder";
  return found.size === undefined ? "something else" : "a file";
}

/** A line for a mode that changes; `""` if it does not. */
function modeLine(shown: string, before: Found | null, after: Found | null): string {
  const [old, now] = [before?.mode, after?.mode];
  if (old === undefined || now === undefined || old === now) return "";
  return `Mode of ${shown}: ${octal(old)} becomes ${octal(now)}\n`;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** A name as a part of one line. */
export function quoted(name: string): string {
  const escaped = visible(JSON.stringify(name));
  return escaped === `"${name}"` ? name : escaped;
}

/** A name in the header of a diff: without a tab behind it, `patch` cuts it at a space. */
function fileName(name: string): string {
  return name.includes(" ") ? `${name}\t` : name;
}
