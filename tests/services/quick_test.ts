import { assert, assertEquals, assertMatch } from "@std/assert";
import { quickRuns, SLOW_FILES } from "./quick.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("SLOW_FILES names what exists", async () => {
  for (const path of Object.keys(SLOW_FILES)) await Deno.stat(new URL(path, ROOT));
});

Deno.test("quickRuns() leaves slow files out, in two processes with all other files", () => {
  const [first, second] = quickRuns([]) as [string[], string[]];
  for (const args of [first, second]) {
    const ignored = args.find((arg) => arg.startsWith("--ignore="))!;
    assert(ignored.includes("tests/tunnel/operation/large_files_test.ts"));
  }
  assertEquals(first.at(-1), "tests/tunnel");
  assertMatch(second.at(-1)!, /^--ignore=.*,README\.md,tests\/tunnel$/);
});

Deno.test("quickRuns() runs the given files alone, slow or not", () => {
  assertEquals(quickRuns(["tests/a_test.ts"]), [["--no-check", "tests/a_test.ts"]]);
});
