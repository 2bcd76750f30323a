import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { ownRuntime } from "../../../tunnel/provision/own_runtimes.ts";
import type { Runtime } from "../../../tunnel/provision/runtime.ts";

const WANTED = { platform: "linux-x64", version: "2.99.1" };
const BYTES = new Uint8Array(300_000).map((_, i) => i * i >> 7);
const SHA256 = createHash("sha256").update(BYTES).digest("hex");

async function checked(runtime: Runtime): Promise<void> {
  const { size, sha256, packedSize } = runtime;
  assertEquals([size, sha256], [BYTES.length, SHA256]);
  assertEquals(await runtime.read(false, 1000, 250_000), BYTES.subarray(1000, 251_000));
  const packed = await runtime.read(true, 0, packedSize!);
  assertEquals(new Uint8Array(gunzipSync(packed)), BYTES);
}

/** Has files in a cache folder of its own as long as `work` runs. */
async function withCache(work: (folder: string) => Promise<void>): Promise<void> {
  const before = Deno.env.get("XDG_CACHE_HOME");
  const folder = await Deno.makeTempDir({ prefix: "chopsticks-cache-" });
  Deno.env.set("XDG_CACHE_HOME", folder);
  try {
    await work(folder);
  } finally {
    if (before === undefined) Deno.env.delete("XDG_CACHE_HOME");
    else Deno.env.set("XDG_CACHE_HOME", before);
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("ownRuntime() takes a path, a URL, and what is compressed already", async (t) => {
  await withCache(async (folder) => {
    const path = `${folder}/a b`;
    await Deno.writeFile(path, BYTES);
    await Deno.writeFile(`${path}.gz`, gzipSync(BYTES));
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) =>
        request.url.endsWith(".gz")
          ? new Response(new Uint8Array(gzipSync(BYTES)))
          : new Response(BYTES),
    );
    const url = `http://127.0.0.1:${server.addr.port}/deno`;
    for (const from of [path, `${path}.gz`, pathToFileURL(path).href, url, `${url}.gz`]) {
      await t.step(from.replace(folder, ""), async () => {
        let moves = 0;
        await checked(await ownRuntime({ ...WANTED, from }, () => moves++));
        assertEquals(moves > 0, true);
      });
    }
  });
});

Deno.test("ownRuntime() reads a file of the user's anew each time, since it may have changed", async () => {
  await withCache(async (folder) => {
    const from = `${folder}/deno`;
    for (const size of [10, 20]) {
      await Deno.writeFile(from, BYTES.subarray(0, size));
      assertEquals((await ownRuntime({ ...WANTED, from }, () => {})).size, size);
    }
    await Deno.remove(from);
    await assertRejects(
      () => ownRuntime({ ...WANTED, from }, () => {}),
      Error,
      `cannot read provision.from, ${from}: `,
    );
  });
});

Deno.test("ownRuntime() sends plain bytes if the cache folder cannot be made", async () => {
  await withCache(async (folder) => {
    const from = `${folder}/deno`;
    await Deno.writeFile(from, BYTES);
    await Deno.writeTextFile(`${folder}/chopsticks`, "a file in the place of the folder");
    const { size, packedSize } = await ownRuntime({ ...WANTED, from }, () => {});
    assertEquals([size, packedSize], [BYTES.length, undefined]);
  });
});

Deno.test("ownRuntime() removes what scripts that were killed days ago have left", async () => {
  await withCache(async (folder) => {
    const cache = `${folder}/chopsticks`;
    await Deno.mkdir(cache);
    const [old, young] = [new Date(Date.now() - 2 * 86_400_000), new Date()];
    const names: Record<string, Date> = {
      "deno-a.gz.0123456789ab.part": old,
      "deno-b.0123456789ab.part.tgz": old,
      "deno-c.gz.0123456789ab.part": young,
      "deno-d.gz": old,
    };
    for (const [name, time] of Object.entries(names)) {
      await Deno.writeTextFile(`${cache}/${name}`, "");
      await Deno.utime(`${cache}/${name}`, time, time);
    }
    const from = `${folder}/deno`;
    await Deno.writeFile(from, BYTES);
    await ownRuntime({ ...WANTED, from }, () => {});
    const left = [...Deno.readDirSync(cache)].map(({ name }) => name).sort();
    assertEquals(
      left,
      [
        "deno-c.gz.0123456789ab.part",
        "deno-d.gz",
        `deno-${SHA256.slice(0, 32)}.gz`,
      ].sort(),
    );
  });
});
