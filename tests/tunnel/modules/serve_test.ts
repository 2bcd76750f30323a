import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fs from "node:fs/promises";
import { Local, RemoteError } from "../../../mod.ts";
import { AskedModules } from "../../../tunnel/modules/asked_modules.ts";
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

Deno.test("serve gives a module of its own for each query, with what the file has then", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/module.ts`;
    const write = (text: string): Promise<void> =>
      Deno.writeTextFile(file, `export const made = {}; export const text: string = "${text}";`);
    await write("one");
    await using tun = new Local("here", { runtime: "deno", serve: [`file://${folder}`] });
    const imported = async (url: string, ...queries: string[]): Promise<unknown[]> => {
      const all = await Promise.all(queries.map((query) => import(`${url}${query}`)));
      const made = new Set(all.map(({ made }) => made));
      return [made.size, ...new Set(all.map(({ text }) => text))];
    };
    const url = `file://${file}`;
    assertEquals(await tun.call(imported, url, "?1", "?2", "?1", "#2"), [3, "one"]);
    await write("another");
    assertEquals(await tun.call(imported, url, "?1", "?3", "?4"), [3, "one", "another"]);
    await Deno.symlink(".", `${folder}/up`);
    await Deno.writeTextFile(`${folder}/own.ts`, `export * from "./module.ts";`);
    const urls = ["", "up/", "up/up/"].map((up) => `${up}own.ts`);
    assertEquals(await tun.call(imported, `file://${folder}/`, ...urls), [3, "another"]);
  });
});

Deno.test("a far end has only so many modules by URLs that are not just those of files", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/module.ts`, `export {}`);
    const modules = new AskedModules();
    const url = `file://${folder}/module.ts`;
    const sources = new Set<unknown>();
    for (let i = 0; i < 10_000; i++) {
      const id = `${url}?${i}`;
      const record = (await modules.graph(id)).get(id)!;
      assertEquals(record.id, id);
      sources.add(record.imports);
    }
    assertEquals(sources.size, 1);
    await rejectsAs(TypeError, modules.graph(`${url}?more`));
    assertEquals((await modules.graph(url)).size, 1);
    assertEquals((await new AskedModules().graph(`${url}?more`)).size, 1);
  });
});

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
