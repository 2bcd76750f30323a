import { assert, assertEquals, assertMatch } from "@std/assert";
import { quickRuns, SLOW_FILES } from "./quick.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("SLOW_FILES names what exists", async () => {
  for (const path of Object.keys(SLOW_FILES)) await Deno.stat(new URL(path, ROOT));
});

Deno.test("quickRuns() leaves slow files out, in three processes with all other files", () => {
  const runs = quickRuns([]);
  for (const args of runs) {
    const ignored = args.find((arg) => arg.startsWith("--ignore="))!;
    assert(ignored.includes("tests/tunnel/operation/large_files_test.ts"));
  }
  const [suites, operations, rest] = runs;
  assertEquals(suites!.at(-1), "tests/tunnel");
  assertMatch(suites!.at(-2)!, /^--ignore=.*,tests\/tunnel\/operation$/);
  assertEquals(operations!.at(-1), "tests/tunnel/operation");
  assertMatch(rest!.at(-1)!, /^--ignore=.*,README\.md,tests\/tunnel$/);
});

Deno.test("quickRuns() runs the given files alone, slow or not", () => {
  assertEquals(quickRuns(["tests/a_test.ts"]), [["--no-check", "tests/a_test.ts"]]);
});
