import { stripTypeScriptTypes } from "node:module";
import { assertEquals, assertStrictEquals } from "@std/assert";
import { encode } from "../../codec/mod.ts";
import { toHex } from "./_bytes.ts";
import { randomValue, seeded } from "./_random.ts";

const SEEDS = 300;

/** Makes the same values on Node as here; prints their encodings, and whether they came back. */
const program = `
  import { decode, DecodeError, encode } from "./codec/mod.mjs";
  import { toHex } from "./tests/_bytes.mjs";
  import { randomValue, seeded } from "./tests/_random.mjs";
  import { findDifference } from "./tests/_same_graph.mjs";
  const lines = [];
  for (let seed = 0; seed < ${SEEDS}; seed++) {
    const value = randomValue(seeded(seed));
    const bytes = encode(value);
    const difference = findDifference(decode(bytes), value);
    lines.push(difference === undefined ? toHex(bytes) : "seed " + seed + ": " + difference);
  }
  let tooDeep = 0;
  for (let i = 0; i < 30000; i++) tooDeep = new Map([[1, tooDeep]]);
  const names = [];
  const run = () => {};
  for (const attempt of [
    () => encode(tooDeep),
    () => encode(tooDeep, { maxDepth: Infinity }),
    () => decode(new Uint8Array(100000).fill(0x91), { maxDepth: Infinity }),
    () => encode({ run }),
    () => decode(Buffer.from("c1", "hex")),
  ]) {
    try {
      attempt();
      names.push("nothing");
    } catch (error) {
      names.push(error.name);
    }
  }
  lines.push(names.join());
  const bytes = encode([run, Buffer.from("hi")], { handle: () => 1 });
  lines.push(String(decode(Buffer.from(bytes), { revive: () => run })[0] === run));
  console.log(lines.join("\\n"));
`;

async function hasNode(): Promise<boolean> {
  try {
    return (await new Deno.Command("node", { args: ["--version"], stdout: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

const node = await hasNode();

Deno.test({
  name: node
    ? "encode() and decode() work on Node, and give the same bytes"
    : "encode() and decode() work on Node (skipped: there is no node on the PATH)",
  ignore: !node,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      for (const [from, to] of [["../../codec/", "codec"], ["./", "tests"]] as const) {
        const source = new URL(from, import.meta.url);
        await Deno.mkdir(`${folder}/${to}`);
        for await (const { name } of Deno.readDir(source)) {
          if (!name.endsWith(".ts") || name.endsWith("_test.ts")) continue;
          const code = stripTypeScriptTypes(await Deno.readTextFile(new URL(name, source)));
          await Deno.writeTextFile(
            `${folder}/${to}/${name.replace(/\.ts$/, ".mjs")}`,
            code.replace(/(from "\.[^"]*)\.ts"/g, '$1.mjs"'),
          );
        }
      }
      await Deno.writeTextFile(`${folder}/main.mjs`, program);
      const { code, stdout, stderr } = await new Deno.Command("node", {
        args: [`${folder}/main.mjs`],
      }).output();
      assertStrictEquals(code, 0, new TextDecoder().decode(stderr));
      const lines = new TextDecoder().decode(stdout).trim().split("\n");
      for (let seed = 0; seed < SEEDS; seed++) {
        assertStrictEquals(lines[seed], toHex(encode(randomValue(seeded(seed)))), `seed ${seed}`);
      }
      assertEquals(lines.slice(SEEDS), [
        "RangeError,RangeError,DecodeError,TypeError,DecodeError",
        "true",
      ]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
