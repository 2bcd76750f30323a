import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { BUNDLE } from "../../agent/_bundle.ts";
import { FIRST_STAGE } from "../../tunnel/connection/first_stage.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The folders, each after those that it may import. */
const ORDER = ["codec", "agent", "tunnel", "group", "queue"];

/** The files that are shipped, by their paths in the repository, with what each imports. */
async function shippedFiles(read = importsOf): Promise<Map<string, string[]>> {
  const { publish } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  const files = new Map<string, string[]>();
  const visit = async (path: string): Promise<void> => {
    if (publish.exclude.includes(path)) return;
    if (path.endsWith(".ts")) {
      files.set(path, read(await Deno.readTextFile(`${ROOT}/${path}`)));
    } else if (path.endsWith("/")) {
      const entries = await Array.fromAsync(Deno.readDir(`${ROOT}/${path}`)).catch(() => []);
      for (const { name, isDirectory } of entries) {
        await visit(`${path}${name}${isDirectory ? "/" : ""}`);
      }
    }
  };
  for (const path of publish.include) await visit(path);
  return files;
}

/** The specifiers in a file of ours, where nothing but an import looks like one, save in comments. */
function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const statement = /^(?:import|export)\b(?:[^"';]*?\bfrom)?\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;
  return [...code.matchAll(statement)].map(([, fixed, dynamic]) => (fixed ?? dynamic)!);
}

/** Those of the imports that are left when the types are gone. */
function valueImportsOf(source: string): string[] {
  return importsOf(source.replace(/^(?:import|export) type\b[^;]*;$/gm, ""));
}

/** What a relative import in `file` means, as a path in the repository. */
function target(file: string, specifier: string): string {
  return relative(ROOT, fileURLToPath(new URL(specifier, `file://${ROOT}/${file}`)));
}

/** The folder of a file, or its name if it is in none. */
const folderOf = (path: string): string => path.split("/")[0]!;

Deno.test("BUNDLE is made of what is in agent/ and codec/ now", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", fileURLToPath(import.meta.resolve("../../agent/_build.ts")), "--check"],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
});

Deno.test("BUNDLE is small, and imports nothing but what every runtime has", () => {
  const compressed = Buffer.from(BUNDLE, "base64");
  assert(compressed.length < 20 * 1024, `${compressed.length} bytes`);
  const code = brotliDecompressSync(compressed).toString();
  const imports = [...code.matchAll(/(?:^|[;\s}])import[^"'();]*["']([^"']+)["']/g)];
  assert(imports.length > 0);
  for (const [, specifier] of imports) assert(specifier!.startsWith("node:"), specifier);
});

Deno.test("FIRST_STAGE is under 1 KB", () => {
  const size = new TextEncoder().encode(FIRST_STAGE).length;
  assert(size < 1024, `${size} bytes`);
});

Deno.test("shipped files import only what can be had without a deno.json", async () => {
  const files = await shippedFiles();
  for (const [file, imports] of files) {
    for (const specifier of imports) {
      const known = /^\.\.?\/[^]*\.ts$/.test(specifier) || /^node:[a-z]/.test(specifier) ||
        /^npm:(?:@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(?:-[\w.]+)?(?:\/|$)/.test(specifier);
      assert(known, `${file} imports ${specifier}`);
      if (!specifier.startsWith(".")) continue;
      const path = target(file, specifier);
      assert(files.has(path), `${file} imports ${path}, which is not shipped`);
    }
  }
});

Deno.test("shipped folders import each other in one direction only", async () => {
  const files = await shippedFiles();
  // A tunnel is a group of one, so its set operations give groups. That is a type; see tunnel/_grouping.ts.
  const types = "../group/group.ts";
  for (const file of ["tunnel/base_tunnel.ts", "tunnel/_grouping.ts"]) {
    assert(!(await shippedFiles(valueImportsOf)).get(file)!.includes(types), file);
    files.set(file, files.get(file)!.filter((specifier) => specifier !== types));
  }
  for (const folder of ORDER) {
    assert([...files.keys()].some((file) => folderOf(file) === folder), `no files in ${folder}`);
  }
  for (const [file, imports] of files) {
    const own = ORDER.indexOf(folderOf(file));
    assert(own >= 0 || !file.includes("/"), `${file} is in no known folder`);
    for (const specifier of imports.filter((specifier) => specifier.startsWith("."))) {
      const path = target(file, specifier);
      const other = ORDER.indexOf(folderOf(path));
      assert(own < 0 || other >= 0 && other <= own, `${file} imports ${path}`);
      // What starts with an underscore is for its own folder.
      const isPrivate = path.split("/").at(-1)!.startsWith("_") && !/\/_\w*bundle\.ts$/.test(path);
      assert(!isPrivate || folderOf(path) === folderOf(file), `${file} imports ${path}`);
    }
  }
  assertEquals(files.get("queue/scheduler.ts"), []);
});

Deno.test("shipped files import each other without a cycle", async () => {
  const files = await shippedFiles(valueImportsOf);
  const done = new Set<string>();
  const visit = (file: string, way: string[]): void => {
    assert(!way.includes(file), `A cycle: ${[...way, file].join(" -> ")}`);
    if (done.has(file)) return;
    for (const specifier of files.get(file) ?? []) {
      if (specifier.startsWith(".")) visit(target(file, specifier), [...way, file]);
    }
    done.add(file);
  };
  for (const file of files.keys()) visit(file, []);
});
