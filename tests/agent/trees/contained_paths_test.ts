import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fs from "node:fs";
import { fileError } from "../../../agent/files/file_error.ts";
import { ContainedPaths } from "../../../agent/trees/contained_paths.ts";
import { Folder } from "../../tunnel/operation/_files.ts";

Deno.test("ContainedPaths.at() leads to what is in the folder, and follows no link on the way", async () => {
  await using folder = await Folder.create();
  fs.mkdirSync(folder.at("root/a/b"), { recursive: true });
  fs.symlinkSync("a", folder.at("root/link"));
  fs.symlinkSync("root", folder.at("to root"));
  fs.writeFileSync(folder.at("root/a/b/f"), "1");
  for (const root of ["root", "to root"]) {
    const paths = new ContainedPaths(folder.at(root));
    const read = (path: string): string => fs.readFileSync(paths.at(path), "utf8");
    assertEquals(read("a/b/f"), "1");
    assertEquals(fs.readdirSync(paths.folder("a")), ["b"]);
    assertEquals(fs.readlinkSync(paths.at("link")), "a");
    assertEquals(fs.statSync(paths.at("")).ino, fs.statSync(folder.at("root")).ino);
    for (const path of ["link/b/f", "a/b/f/x", "a/none/f"]) {
      const error = assertThrows(() => paths.at(path)) as NodeJS.ErrnoException;
      assertEquals(error.code, path.includes("none") ? "ENOENT" : "ENOTDIR", path);
    }
    assertEquals(read("a/b/f"), "1");
    paths.close();
    paths.close();
    assertEquals(read("a/b/f"), "1");
    paths.close();
  }
});

Deno.test("ContainedPaths.describe() names the path that a person knows", async () => {
  await using folder = await Folder.create();
  fs.mkdirSync(folder.at("a"));
  const paths = new ContainedPaths(folder.path);
  const at = paths.at("a/f");
  const expected = `${folder.path}/a/f: `;
  const system = assertThrows(() => fs.readFileSync(at));
  for (const error of [system, fileError(at, "EBUSY", "it changes")]) {
    assertStringIncludes((paths.describe(error, "a/f") as Error).message, expected);
  }
  const other = new Error("no file");
  assertEquals(paths.describe(other, "a/f"), other);
  paths.close();
});
