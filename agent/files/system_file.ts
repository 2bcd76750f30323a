/**
 * Files by which Linux tells of itself and its processes.
 *
 * @module
 */

import fs from "node:fs";

/** The part of `Deno.permissions` that is needed here. */
interface Permissions {
  querySync(descriptor: { readonly name: "read" | "write"; readonly path: string }): {
    readonly state: string;
  };
}

/**
 * Whether Deno's permissions allow to read a path. Without the permission, Deno might ask the user
 * for it.
 */
export function mayRead(path: string): boolean {
  return may("read", path);
}

/** Whether Deno's permissions allow to write to a path. */
export function mayWrite(path: string): boolean {
  return may("write", path);
}

function may(name: "read" | "write", path: string): boolean {
  const { Deno } = globalThis as { Deno?: { permissions: Permissions } };
  if (Deno === undefined) return true;
  return Deno.permissions.querySync({ name, path }).state === "granted";
}

/** What `read` gives for a path; `undefined` if that is not there, or may not be read. */
export function readSystem<T>(path: string, read: (path: string) => T): T | undefined {
  try {
    return mayRead(path) ? read(path) : undefined;
  } catch {
    return undefined; // not Linux, or not permitted
  }
}

/** The text of a file; `""` if it is not there, or may not be read. */
export function readSystemText(path: string): string {
  return readSystem(path, (path) => fs.readFileSync(path, "utf8")) ?? "";
}
