import { assertEquals } from "@std/assert";
import fs from "node:fs";
import { ContainedPaths } from "../../../agent/trees/contained_paths.ts";
import { TreeRemover } from "../../../agent/trees/tree_remover.ts";
import { Folder } from "../../tunnel/operation/_files.ts";

Deno.test("TreeRemover.remove() does not mind that another process removes the same", async () => {
  await using folder = await Folder.create();
  fs.mkdirSync(folder.at("a/b"), { recursive: true });
  let calls = 0;
  const paths = new ContainedPaths(folder.path);
  const remover = new TreeRemover({
    paths,
    exclusions: [],
    dryRun: false,
    // By the second call, the remover has found `a`, and `b` in it.
    next: () => {
      if (++calls === 2) fs.rmSync(folder.at("a"), { recursive: true });
      return Promise.resolve();
    },
  });
  assertEquals(await remover.remove("a"), true);
  paths.close();
  assertEquals(calls, 2);
});
