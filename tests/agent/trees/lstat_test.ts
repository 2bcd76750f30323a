import { assertEquals, assertThrows } from "@std/assert";
import fs from "node:fs";
import type { Stats } from "../../../agent/files/stats.ts";
import { extendDeno } from "../../../agent/paths/deno_fs.ts";
import type { SentTree } from "../../../agent/paths/sent_tree.ts";
import { lstat } from "../../../agent/trees/lstat.ts";

/** All that {@linkcode Stats} has. */
function told(stats: Stats | undefined): unknown {
  if (stats === undefined) return undefined;
  const { dev, ino, mode, uid, gid, size, mtimeMs } = stats;
  const kinds = [stats.isFile(), stats.isDirectory(), stats.isSymbolicLink()];
  return { dev, ino, mode, uid, gid, size, mtimeMs, kinds };
}

Deno.test("lstat() tells and throws the same as fs.lstatSync()", async () => {
  const folder = await Deno.makeTempDir();
  try {
    fs.writeFileSync(`${folder}/file`, "text", { mode: 0o640 });
    fs.symlinkSync("file", `${folder}/link`);
    for (const [i, time] of [-86_400, -1.5, 0, 1_234_567_890.1234, 8e9].entries()) {
      fs.writeFileSync(`${folder}/${i}`, "");
      fs.utimesSync(`${folder}/${i}`, time, time);
    }
    for (const name of ["", "none", ...fs.readdirSync(folder)]) {
      const path = `${folder}/${name}`;
      assertEquals(told(lstat(path)), told(fs.lstatSync(path, { throwIfNoEntry: false })), name);
    }
    assertEquals(told(lstat("/dev/null")), told(fs.lstatSync("/dev/null")));
    const [ours, theirs] = [lstat, fs.lstatSync].map((look) =>
      assertThrows(() => look(`${folder}/file/below`), Error) as NodeJS.ErrnoException
    );
    assertEquals([ours!.code, ours!.message], [theirs!.code, theirs!.message]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("lstat() looks at the disk when functions of Deno find the controller's files", async () => {
  const folder = await Deno.makeTempDir();
  const { lstatSync } = Deno;
  try {
    const deno = { ...Deno } as Record<string, unknown>;
    const hides = { find: () => ({ path: folder }), isServed: () => false } as unknown as SentTree;
    extendDeno(deno, hides);
    (Deno as { lstatSync: unknown }).lstatSync = deno["lstatSync"];
    assertEquals(lstat(`${folder}/none`), undefined);
    assertEquals(lstat(folder)?.isDirectory(), true);
  } finally {
    Deno.lstatSync = lstatSync;
    await Deno.remove(folder, { recursive: true });
  }
});
