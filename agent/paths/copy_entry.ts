import { nodeError, NOT_SENT } from "./path_error.ts";
import type { Entry, SentTree } from "./sent_tree.ts";

/** The options of `cp` of `node:fs` that have a meaning here. */
interface CopyOptions {
  readonly recursive?: boolean;
  readonly force?: boolean;
  readonly errorOnExist?: boolean;
  readonly filter?: (from: string, to: string) => boolean | Promise<boolean>;
}

/** The functions of the real `node:fs` that are used here. */
type Fs = Pick<typeof import("node:fs"), "existsSync" | "mkdirSync" | "writeFileSync">;

/** Copies a file or a folder of the controller to the disk here, as `cp` of `node:fs` does. */
export function copyEntry(
  entry: Entry,
  target: string | URL,
  options: CopyOptions | undefined,
  tree: SentTree,
  fs: Fs,
): void {
  const { recursive = false, force = true, errorOnExist = false, filter } = options ?? {};
  const to = target instanceof URL ? decodeURIComponent(target.pathname) : target;
  if (filter !== undefined && !filter(entry.path, to)) return;
  if (entry.size === null) {
    if (!recursive) throw nodeError("EISDIR", "cp", entry.path);
    if (entry.isUntold) throw nodeError("ENOENT", "cp", entry.path, NOT_SENT);
    fs.mkdirSync(to, { recursive: true });
    for (const name of entry.names) {
      const inner = tree.find(`${entry.path}/${name}`);
      if (inner !== undefined) copyEntry(inner, `${to}/${name}`, options, tree, fs);
    }
    return;
  }
  if (entry.bytes === undefined) throw nodeError("ENOENT", "cp", entry.path, NOT_SENT);
  if (!force && fs.existsSync(to)) {
    if (!errorOnExist) return;
    throw Object.assign(new Error(`Target already exists: cp returned EEXIST ${to}`), {
      code: "ERR_FS_CP_EEXIST",
    });
  }
  fs.writeFileSync(to, entry.bytes);
}
