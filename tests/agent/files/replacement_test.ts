import { assertEquals, assertRejects } from "@std/assert";
import fs from "node:fs";
import { Change } from "../../../agent/files/change.ts";
import { Replacement } from "../../../agent/files/replacement.ts";
import { temporaryPath } from "../../../agent/files/temporary_name.ts";
import { Folder } from "../../tunnel/operation/_files.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

for (const [what, last] of [["the end", "2"], ["a byte that differs", "3"]] as const) {
  Deno.test(`Replacement fails if the old file is written to before ${what}`, async () => {
    await using folder = await Folder.create();
    const path = folder.write("file", "12");
    const file = await Replacement.begin(path, { size: 2, isSparse: false });
    await file.write(bytes("1"));
    fs.writeFileSync(path, "X2!");
    const end = async (): Promise<unknown> => {
      await file.write(bytes(last));
      return await file.commit(0o644);
    };
    await assertRejects(end, Error, "it changed while it was compared with what was sent");
    file.discard();
    assertEquals([fs.readFileSync(path, "utf8"), folder.names], ["X2!", ["file"]]);
  });
}

Deno.test("Replacement writes nothing before a byte differs", async () => {
  await using folder = await Folder.create();
  const path = folder.write("file", "12");
  fs.chmodSync(path, 0o644);
  const file = await Replacement.begin(path, { size: undefined, isSparse: false });
  await file.write(bytes("1"));
  await file.write(bytes("2"));
  assertEquals(folder.names, ["file"]);
  await file.write(bytes("3"));
  assertEquals(folder.names.length, 2);
  assertEquals(await file.commit(0o644), Change.CONTENTS);
  assertEquals([fs.readFileSync(path, "utf8"), folder.names], ["123", ["file"]]);
  const same = await Replacement.begin(path, { size: 3, isSparse: false });
  await same.write(bytes("123"));
  assertEquals(await same.commit(0o600), Change.MODE);
  same.discard();
});

Deno.test("Replacement that is discarded leaves the old file, and nothing else", async () => {
  await using folder = await Folder.create();
  const path = folder.write("file", "12");
  for (const written of ["", "1", "13"]) {
    const file = await Replacement.begin(path, { size: undefined, isSparse: false });
    if (written !== "") await file.write(bytes(written));
    file.discard();
    file.discard();
    assertEquals([fs.readFileSync(path, "utf8"), folder.names], ["12", ["file"]]);
  }
});

Deno.test("Replacement removes what a process that was killed has left", async () => {
  await using folder = await Folder.create();
  const path = folder.write("file", "12");
  const left = temporaryPath(folder.path).replace(/-\d+-(\w+)$/, "-4000000-$1");
  fs.writeFileSync(left, "1");
  const file = await Replacement.begin(path, { size: 2, isSparse: false });
  await file.write(bytes("12"));
  assertEquals([await file.commit(0o644), folder.names], [Change.NONE, ["file"]]);
  file.discard();
});
