import { assertEquals } from "@std/assert";
import fs from "node:fs";
import { command } from "../../services/command.ts";

/** All that the system tells of what is in a folder, but when it was read. */
function stateOf(root: string): unknown[] {
  const found = fs.lstatSync(root, { bigint: true });
  const { ino, mtimeNs, ctimeNs, mode, size, nlink, uid, gid } = found;
  const own = [root, ino, mtimeNs, ctimeNs, mode, size, nlink, uid, gid].map(String).join(" ");
  if (!found.isDirectory()) return [own];
  return [own, ...fs.readdirSync(root).sort().flatMap((name) => stateOf(`${root}/${name}`))];
}

/**
 * Does something that must not touch anything in a folder. Neither the system's times of change nor
 * `find -cnewer` may tell of it.
 */
export async function untouched<T>(root: string, work: () => Promise<T>): Promise<T> {
  const mark = await Deno.makeTempFile();
  try {
    const before = stateOf(root);
    const result = await work();
    assertEquals(stateOf(root), before);
    const { stdout, stderr } = await command(["find", root, "-cnewer", mark, "-o", "-newer", mark]);
    assertEquals(stdout + stderr, "");
    return result;
  } finally {
    await Deno.remove(mark);
  }
}
