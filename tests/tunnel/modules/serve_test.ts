import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fs from "node:fs/promises";
import { Local, RemoteError } from "../../../mod.ts";
import { ServedFolders } from "../../../tunnel/modules/served_folders.ts";
import { needing, service } from "../../services/services.ts";
import { rejectsAs } from "../_deadline.ts";

const FOLDER = import.meta.resolve("../fixture/");

async function withFolder(test: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("serve lets a function read data beside its module", async () => {
  await using tun = new Local("here", { runtime: "deno", serve: [FOLDER] });
  const url = new URL("data.json", FOLDER);
  const text = await Deno.readTextFile(url);
  assertEquals(await tun.call((url) => Deno.readTextFile(url), url), text);
  assertEquals(await tun.call(Deno.readFile, url), new TextEncoder().encode(text));
  assertEquals(await tun.call((url) => fs.readFile(url, "utf8"), url), text);
  const missing = new URL("no_such_file", FOLDER);
  const error = await rejectsAs(RemoteError, tun.call(Deno.readTextFile, missing));
  assertEquals(error.remoteName, "NotFound");
});

Deno.test(needing("node", "serve lets a function on Node read data beside its module", async () => {
  const node = service("node").paths["18"];
  await using tun = new Local("here", { runtime: "node", node, serve: [FOLDER] });
  const url = new URL("data.json", FOLDER);
  assertEquals(
    await tun.call((url) => fs.readFile(url, "utf8"), url),
    await Deno.readTextFile(url),
  );
  const missing = new URL("no_such_file", FOLDER);
  const error = await rejectsAs(RemoteError, tun.call((url) => fs.readFile(url), missing));
  assertStringIncludes(error.message, "ENOENT");
}));

Deno.test("serve takes the URLs of folders only", () => {
  for (
    const [serve, text] of [["./here", "expected a URL"], ["file:///no/such", "no such folder"]]
  ) {
    assertThrows(() => new Local("here", { serve: [serve!] }), TypeError, text!);
  }
  assertThrows(() => new Local("here", { serve: FOLDER as never }), TypeError, "array");
});

Deno.test("ServedFolders.find() refuses whatever leads out of a folder", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/open/in side`, { recursive: true });
    await Deno.mkdir(`${folder}/opened`);
    await Deno.writeTextFile(`${folder}/secret`, "");
    await Deno.writeTextFile(`${folder}/opened/secret`, "");
    await Deno.writeTextFile(`${folder}/open/in side/file`, "");
    await Deno.symlink(`${folder}/secret`, `${folder}/open/link`);
    await Deno.symlink(folder, `${folder}/open/up`);
    await Deno.symlink(`${folder}/open/in side/file`, `${folder}/inward`);
    const served = new ServedFolders([`file://${folder}/open`]);
    const base = `file://${folder}/open`;
    const found = (urls: string[]): string[] => urls.map((url) => served.find(url));
    assertEquals(found([`${base}/in%20side/file`, `${base}/./up/open/in%20side/file`]), [
      "served",
      "served",
    ]);
    assertEquals(found([`file://${folder}/inward`]), ["served"]);
    // A backslash is a character like any other of a name.
    assertEquals(served.find(`${base}/..%5csecret`), "missing");
    assertEquals(found([`${base}/nothing`, `${base}/no/thing`, `${base}/in%20side`, base + "/"]), [
      "missing",
      "missing",
      "missing",
      "missing",
    ]);
    const out = [
      ...[`${base}/link`, `${base}/up/secret`, `${base}/up/nothing`, `${base}/../secret`],
      ...[
        `${base}/%2e%2e/secret`,
        `${base}/..%2fsecret`,
        `${base}ed/secret`,
      ],
      ...[`${base}%00/secret`, "file:///etc/passwd", "file://localhost/etc/passwd", "/etc/passwd"],
      ...["https://example.com/", "data:text/plain,x", "", "file:", "file://other/etc/passwd"],
      ...[`FILE://${folder}/secret`, `${base}/in%20side/../../secret`, `file:${folder}/secret`],
    ];
    assertEquals(found(out), out.map(() => "refused"));
  });
});
