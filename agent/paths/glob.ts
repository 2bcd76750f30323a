import path from "node:path";
import { nodeError } from "./path_error.ts";
import type { Entry, SentTree } from "./sent_tree.ts";

// deno-lint-ignore no-explicit-any -- the functions of `node:fs` have many forms each
type Any = any;

/** The functions of `node:fs` that list files by patterns; old runtimes lack them. */
export interface Glob {
  readonly globSync?: (patterns: unknown, options?: Any) => Any[];
  readonly glob?: (patterns: unknown, ...rest: Any[]) => void;
}

/**
 * Makes functions that find the files that were sent as well.
 *
 * @param fs What they call for all else.
 * @param shown Gives the `Dirent` of an entry.
 */
export function globIn(tree: SentTree, fs: Glob, shown: (entry: Entry) => Any): Required<Glob> {
  const globSync = (patterns: unknown, options: Any = {}): Any[] => {
    const found: Any[] = fs.globSync!(patterns, options);
    const { cwd = ".", exclude, withFileTypes } = options;
    const base = typeof cwd === "string" ? path.resolve(cwd) : new URL(cwd).pathname;
    const known = new Set(found.map((one) => path.resolve(base, placeOf(one))));
    for (const entry of tree.entries()) {
      if (known.has(entry.path)) continue;
      const pattern = [patterns].flat().find((one) => isMatch(entry, path.resolve(base, `${one}`)));
      if (pattern === undefined) continue;
      const name = path.isAbsolute(`${pattern}`)
        ? entry.path
        : path.relative(base, entry.path) || ".";
      const one = withFileTypes ? shown(entry) : name;
      const isExcluded = typeof exclude === "function"
        ? exclude(one)
        : [exclude ?? []].flat().some((not) => isMatch(entry, path.resolve(base, not)));
      if (!isExcluded) found.push(one);
    }
    return found;
  };
  const glob = (patterns: unknown, ...rest: Any[]): void => {
    const callback = rest.pop();
    new Promise<Any[]>((done) => done(globSync(patterns, ...rest))).then(
      (found) => setImmediate(() => callback(null, found)),
      (error) => setImmediate(() => callback(error)),
    );
  };
  return { globSync, glob };
}

/** The error for a question about the file system of a file that was sent. */
export function noFileSystem(place: unknown): Error {
  const more = ": it is at the controller, whose file system is not seen here";
  return nodeError("ENOENT", "statfs", `${place}`, more);
}

function isMatch({ path: name }: Entry, pattern: string): boolean {
  return path.matchesGlob(name, pattern) ||
    // What `**` stands for may be nothing at all.
    pattern.endsWith("/**") && path.matchesGlob(name, pattern.slice(0, -3));
}

function placeOf(found: Any): string {
  return typeof found === "string" ? found : path.join(found.parentPath, found.name);
}
