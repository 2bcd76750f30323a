import { assert, assertEquals } from "@std/assert";
import fs from "node:fs";
import { makeFolder } from "../../../agent/trees/tree_place.ts";
import { Folder } from "../../tunnel/operation/_files.ts";

Deno.test("makeFolder() replaces a file or a link", async () => {
  await using folder = await Folder.create();
  folder.write("file", "1");
  fs.symlinkSync("file", folder.at("link"));
  for (const name of ["link", "file"]) {
    makeFolder(folder.at(name), fs.lstatSync(folder.at(name)));
    assert(fs.lstatSync(folder.at(name)).isDirectory());
  }
  assertEquals(folder.names, ["file", "link"]);
});

Deno.test("makeFolder() keeps a folder that another transfer has made in the place of a file", async () => {
  await using folder = await Folder.create();
  const path = folder.write("file", "1");
  const old = fs.lstatSync(path);
  fs.rmSync(path);
  fs.mkdirSync(path);
  const { ino } = fs.lstatSync(path);
  makeFolder(path, old);
  assertEquals(fs.lstatSync(path).ino, ino);
  assertEquals(folder.names, ["file"]);
});
