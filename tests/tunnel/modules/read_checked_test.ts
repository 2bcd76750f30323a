import { assertEquals } from "@std/assert";
import { readChecked } from "../../../tunnel/modules/read_checked.ts";

Deno.test({
  name: "readChecked() reads nothing from a folder that was a link just while the file was opened",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const root = await Deno.realPath(await Deno.makeTempDir());
    try {
      for (const name of ["kept", "secret"]) {
        await Deno.mkdir(`${root}/${name}`);
        await Deno.writeTextFile(`${root}/${name}/file`, name);
      }
      await Deno.symlink(`${root}/secret`, `${root}/served`);
      const path = `${root}/served/file`;
      const putBack = (): boolean => {
        Deno.removeSync(`${root}/served`);
        Deno.renameSync(`${root}/kept`, `${root}/served`);
        return true;
      };
      assertEquals(await readChecked(path, putBack), undefined);
      const bytes = await readChecked(path, () => true);
      assertEquals(new TextDecoder().decode(bytes), "kept");
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
});
