import { readFileSync, realpathSync } from "node:fs";

/**
 * Whether no program in a folder can be run, because its file system is mounted with `noexec`.
 * `false` if that cannot be known: it is told by a file that only Linux has, and that Deno opens
 * only with all permissions.
 */
export function isNoexec(folder: string): boolean {
  try {
    return lastMount(readFileSync("/proc/self/mounts", "utf8"), realpathSync(folder))
      .includes("noexec");
  } catch {
    return false;
  }
}

/** The options of the mount that a path lies in. Of several on one folder, the last counts. */
export function lastMount(mounts: string, path: string): readonly string[] {
  let longest = "";
  let found: readonly string[] = [];
  for (const line of mounts.split("\n")) {
    const [, escaped = "", , options = ""] = line.split(" ");
    const point = escaped.replaceAll(
      /\\([0-7]{3})/g,
      (_, code) => String.fromCharCode(parseInt(code, 8)),
    );
    const isAbove = point === "/" || path === point || path.startsWith(`${point}/`);
    if (point === "" || !isAbove || point.length < longest.length) continue;
    longest = point;
    found = options.split(",");
  }
  return found;
}
