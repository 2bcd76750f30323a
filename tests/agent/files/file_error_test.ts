import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  codeOf,
  describeFileError,
  fileError,
  fileErrors,
  folderExpected,
  isFileError,
  isFolderExpected,
  problemOf,
} from "../../../agent/files/file_error.ts";
import { Folder } from "../../tunnel/operation/_files.ts";

Deno.test("isFolderExpected() tells a file from a path that leads through one", async () => {
  await using folder = await Folder.create();
  const file = folder.write("file", "");
  assert(isFolderExpected(folderExpected(file)));
  const system = assertThrows(() => Deno.statSync(`${file}/x`));
  const described = describeFileError(system, `${file}/x`);
  assertEquals(codeOf(described), codeOf(folderExpected(file)));
  assert(!isFolderExpected(described));
  for (const other of [undefined, null, "x", new Error("it is not a folder (ENOTDIR)")]) {
    assert(!isFolderExpected(other));
  }
});

Deno.test("problemOf() gives the parts of an error for one file", () => {
  const error = fileError("/a: b", "EBUSY", "it changes: now");
  assertEquals(problemOf(error), { path: "/a: b", reason: "it changes: now" });
  assertEquals(Object.keys(error), ["code"]);
  const several = fileErrors([error, error], 2);
  assert(isFileError(error) && isFileError(several) && !isFileError(new Error("x")));
  assertEquals(problemOf(several), undefined);
});
