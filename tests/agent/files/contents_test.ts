import { assertEquals, assertThrows } from "@std/assert";
import { readLink } from "../../../agent/files/contents.ts";

Deno.test("readLink() tells a link that is not UTF-8 from one that only looks so", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const script =
      `cd "$1"; ln -s "$(printf 'x\\377')" odd; ln -s "$(printf 'x\\357\\277\\275')" even`;
    await new Deno.Command("sh", { args: ["-c", script, "sh", folder] }).output();
    assertEquals(readLink(`${folder}/odd`), undefined);
    assertEquals(readLink(`${folder}/even`), "x\ufffd");
    assertThrows(() => readLink(folder), Error, "EINVAL");
    assertThrows(() => readLink(`${folder}/none`), Error, "ENOENT");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
