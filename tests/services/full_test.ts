import { assert, assertEquals } from "@std/assert";
import { fullRuns } from "./full.ts";

Deno.test("fullRuns() leaves no file out, and runs none twice", () => {
  const [suites, operations, rest] = fullRuns([]) as [string[], string[], string[]];
  assert(suites.includes("tests/tunnel/behaviour_test.ts"));
  assertEquals(operations, ["tests/tunnel/operation/"]);
  assertEquals(rest, ["--doc", `--ignore=${[...suites, ...operations].join(",")}`]);
});

Deno.test("fullRuns() runs what somebody asks for in one process", () => {
  assertEquals(fullRuns(["--filter", "a", "b"]), [["--doc", "--filter", "a", "b"]]);
});
