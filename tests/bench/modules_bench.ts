/**
 * How long a script takes that runs a function at a far end, beside `deno run` of the function by
 * itself: of 3,000 modules, of 20 MB of JavaScript, and of packages with an empty cache:
 * `deno run -A tests/bench/modules_bench.ts`.
 *
 * @module
 */
import { type Files, makeProject } from "../tunnel/_project.ts";
import { printRatio, printTitle, timed } from "./_measure.ts";

const MOD = import.meta.resolve("../../mod.ts");

/** What the packages are imported for. */
const PACKAGES: Readonly<Record<string, string>> = {
  "effect@3.18.4": "m.Effect.runSync(m.Effect.succeed(1))",
  "ramda@0.30.1": "m.inc(0)",
  "redis@4.7.0": "Number(!m.createClient().isOpen)",
  "pdf-lib@1.17.1": "(await m.PDFDocument.create()).getPageCount()",
};

/** Prints the ratios. */
export async function run(): Promise<void> {
  printTitle("Time of a script with a call / deno run of its function (less is better)");
  await compare("3,000 modules", manyModules(3000));
  await compare("20 MB of JavaScript", largeModules(20, 1_000_000), 10);
  for (const [name, expression] of Object.entries(PACKAGES)) {
    const code = `import * as m from "npm:${name}"; export const f = async () => ${expression};`;
    await compare(`${name}, cold cache`, { "f.ts": code }, 3, true);
  }
}

async function compare(what: string, files: Files, aim = 3, isCold = false): Promise<void> {
  await using project = await makeProject({
    ...files,
    "here.ts": `import { f } from "./f.ts"; await f(); Deno.exit();`,
    "there.ts": `import { f } from "./f.ts"; import { Local } from ${JSON.stringify(MOD)};
      const tunnel = new Local("there", { runtime: "deno" });
      await tunnel.call(f); await tunnel.close(); Deno.exit();`,
  });
  const time = async (script: string, cache: string): Promise<number> => {
    const env = isCold ? { DENO_DIR: `${project.folder}/${cache}` } : {};
    const args = ["run", "-A", "--no-check", "--no-lock", "--no-config", "--quiet", script];
    const run = new Deno.Command(Deno.execPath(), { args, cwd: project.folder, env });
    return await timed(async () => {
      const { success, stderr } = await run.output();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
    });
  };
  if (isCold) {
    // The library's own packages are there; only those of the function are not.
    for (const cache of ["cache1", "cache2"]) {
      const { success } = await new Deno.Command(Deno.execPath(), {
        args: ["cache", "--no-lock", "--no-config", "--quiet", MOD],
        env: { DENO_DIR: `${project.folder}/${cache}` },
        stderr: "inherit",
      }).output();
      if (!success) throw new Error("Cannot fill a cache");
    }
  } else await time("there.ts", "");
  const baseline = await time("here.ts", "cache1");
  printRatio({ what, ours: await time("there.ts", "cache2"), baseline, unit: "ms", aim });
}

function manyModules(count: number): Files {
  const files: Record<string, string> = {};
  for (let i = 0; i < count; i++) files[`m${i}.ts`] = `export const v${i} = (): number => ${i};`;
  const names = Array.from({ length: count }, (_, i) => `import { v${i} } from "./m${i}.ts";`);
  const sum = Array.from({ length: count }, (_, i) => `v${i}()`).join("+");
  return { ...files, "f.ts": `${names.join("\n")}\nexport const f = () => ${sum};` };
}

function largeModules(count: number, bytes: number): Files {
  const line =
    "export const NAME = (a, b) => { const c = a + b; return [a, b, c].map(String); };\n";
  const files: Record<string, string> = {};
  for (let i = 0; i < count; i++) {
    const lines = Array.from(
      { length: Math.ceil(bytes / line.length) },
      (_, n) => line.replace("NAME", `f${n}`),
    );
    files[`m${i}.js`] = lines.join("");
  }
  const imports = Array.from(
    { length: count },
    (_, i) => `import { f1 as f${i} } from "./m${i}.js";`,
  );
  const calls = Array.from({ length: count }, (_, i) => `f${i}(1, 2)`).join();
  return { ...files, "f.ts": `${imports.join("\n")}\nexport const f = () => [${calls}].length;` };
}

if (import.meta.main) await run();
