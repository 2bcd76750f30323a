import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { bytes, lines, sh } from "../../../agent/sh.ts";

Deno.test("An option that there is not, or not so, is refused before anything runs", async () => {
  const marker = `${await Deno.makeTempDir()}/ran`;
  const command = ["touch", marker];
  for (
    const [options, text] of [
      [{ chek: false }, 'options has "chek": expected one of input, env, cwd, check, live, stdout'],
      [{ timeout: 1_000 }, 'options has "timeout"'],
      [{ check: "false" }, 'check is "false": expected one of true, false'],
      [{ check: 1n }, "check is 1: expected one of true, false"],
      [{ live: () => true }, "live is of type function: expected one of true, false"],
      [{ stdout: "byte" }, 'stdout is "byte": expected one of "text", "bytes"'],
    ] as const
  ) {
    await assertRejects(() => sh(command, options as never), TypeError, text);
  }
  const merged = { stderr: "merged" } as never;
  for (const start of [lines, bytes]) {
    assertThrows(() => start(command, merged), TypeError, 'stderr is "merged": expected one of');
  }
  assertEquals((await sh("exit 3", { check: false, live: undefined })).code, 3);
  await assertRejects(() => Deno.lstat(marker), Deno.errors.NotFound);
  await Deno.remove(marker.slice(0, -"/ran".length));
});
