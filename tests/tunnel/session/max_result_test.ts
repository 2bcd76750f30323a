import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { callback, DecodeError, Local, ProtocolError } from "../../../mod.ts";
import { rejectsAs } from "../_deadline.ts";
import { Folder } from "../operation/_files.ts";
import { slow } from "../../services/services.ts";

const LIMIT = 100_000;

/** Takes a few bytes on its way, and much memory when it has arrived. */
const large = (): unknown => Array.from({ length: 10_000 }, () => ({}));

/** The ways in which a far end gives a value. */
const WAYS: Record<string, (tun: Local) => Promise<unknown>> = {
  "a result": (tun) => tun.call(() => large()),
  "a value of a stream": async (tun) => {
    const stream = await tun.call(async function* () {
      yield large();
    });
    return await Array.fromAsync(stream);
  },
  "a thrown value": (tun) =>
    tun.call(() => {
      throw large();
    }),
  "a failure of a stream": async (tun) => {
    const stream = await tun.call(async function* () {
      yield 1;
      throw large();
    });
    return await Array.fromAsync(stream);
  },
  "an import": (tun) => tun.call(() => import("./".concat("x".repeat(200_000)))),
};

Deno.test(slow("a far end can give no value that takes more memory than maxResult", async () => {
  for (const [name, ask] of Object.entries(WAYS)) {
    await using tun = new Local("here", { maxResult: LIMIT, stderr: () => {} });
    const error = await rejectsAs(ProtocolError, ask(tun));
    assertStringIncludes(error.message, "it takes more than 100000 bytes of memory", name);
    assertStringIncludes(error.message, "; raise the option maxResult", name);
    const { cause } = error;
    assert(cause instanceof DecodeError && cause.exceeds === "maxCost", name);
    assert(!tun.connected, name);
    await using other = new Local("there");
    await (name === "an import" ? undefined : ask(other).catch((error) => {
      assert(!(error instanceof ProtocolError), `${name}: ${error}`);
    }));
  }
}));

Deno.test("a far end can call back with nothing that takes more memory than maxResult", async () => {
  await using tun = new Local("here", { maxResult: LIMIT });
  const seen: unknown[] = [];
  const take = callback((value: unknown) => void seen.push(value));
  await tun.call(async (take: (value: unknown) => unknown) => await take([1]), take);
  const error = await tun.call(async (take: (value: unknown) => unknown) => {
    return await Promise.resolve(take(large())).then(() => "taken", (error) => String(error));
  }, take);
  assertStringIncludes(error, "it takes more than 100000 bytes of memory");
  assertEquals(seen, [[1]]);
});

Deno.test(slow("maxResult does not limit files and folders", async () => {
  await using folder = await Folder.create();
  const source = folder.at("source");
  Deno.mkdirSync(source);
  for (let i = 0; i < 1000; i++) Deno.writeTextFileSync(`${source}/file${i}`, "");
  Deno.writeFileSync(`${source}/large`, new Uint8Array(10 * LIMIT));
  await using tun = new Local("here", { maxResult: LIMIT });
  const { size } = await tun.fetch(`${source}/large`, null);
  assertEquals(size, 10 * LIMIT);
  const { created } = await tun.fetchDir(source, folder.at("target"));
  assertEquals(created.length, 1002);
}));

Deno.test("maxResult can be without a limit", async () => {
  await using tun = new Local("here", { maxResult: Infinity });
  const result = await tun.call(() => Array.from({ length: 100_000 }, () => new Uint8Array(0)));
  assertEquals(result.length, 100_000);
});
