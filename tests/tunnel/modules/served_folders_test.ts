import { assert, assertEquals } from "@std/assert";
import { pathToFileURL } from "node:url";
import { ServedFolders } from "../../../tunnel/modules/served_folders.ts";

/** Swaps files and folders of `$1` for links to what lies in `$2`, and back, without an end. */
const SWAP = `
const [served, secret] = Deno.args;
const swap = (name, make) => {
  make(served + "/new");
  Deno.renameSync(served + "/new", served + "/" + name);
};
for (let i = 0;; i++) {
  swap("file", (path) => Deno.symlinkSync(secret + "/file", path));
  swap("file", (path) => Deno.writeTextFileSync(path, "served"));
  Deno.renameSync(served + "/folder", served + "/old");
  Deno.symlinkSync(secret, served + "/folder");
  Deno.removeSync(served + "/folder");
  Deno.renameSync(served + "/old", served + "/folder");
  if (i === 10) console.log("swapping");
}
`;

Deno.test("ServedFolders follows no link that takes a place after the check", async () => {
  const folder = await Deno.makeTempDir();
  const [served, secret] = [`${folder}/served`, `${folder}/secret`] as const;
  await Deno.mkdir(`${served}/folder`, { recursive: true });
  await Deno.mkdir(secret);
  await Deno.writeTextFile(`${secret}/file`, "secret");
  await Deno.writeTextFile(`${served}/file`, "served");
  await Deno.writeTextFile(`${served}/folder/file`, "served");
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `data:text/javascript,${encodeURIComponent(SWAP)}`, served, secret],
    stdout: "piped",
  }).spawn();
  try {
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    const folders = new ServedFolders([pathToFileURL(`${served}/`)]);
    const url = pathToFileURL(served).href;
    let count = 0;
    for (let i = 0; i < 3_000; i++) {
      for (const name of ["file", "folder/file"]) {
        const file = await folders.read(`${url}/${name}`).catch(() => "missing" as const);
        if (typeof file === "string") continue;
        assertEquals(new TextDecoder().decode(file), "served");
        count++;
      }
    }
    assert(count > 10, `${count} files were served`);
  } finally {
    child.kill("SIGKILL");
    await child.status;
    await Deno.remove(folder, { recursive: true });
  }
});
