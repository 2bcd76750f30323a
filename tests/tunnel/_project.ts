import { assertEquals } from "@std/assert";
import { command } from "../services/command.ts";
import { needing, service } from "../services/services.ts";
import { type Comparison, HIDE_VARIABLE, type Outcomes } from "./_compare.ts";
import { soon } from "./_deadline.ts";

/** Files by their paths. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

const COMPARE = import.meta.resolve("./_compare.ts");

/** The first line of a project's script, which imports `compare()`. */
export const IMPORT_COMPARE: string = `import { compare } from ${JSON.stringify(COMPARE)};`;

/** Writes `files` into a new folder, which is removed at the end. */
export async function makeProject(
  files: Files,
): Promise<{ folder: string } & AsyncDisposable> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  for (const [path, content] of Object.entries(files)) {
    const target = `${folder}/${path}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(target, bytes);
  }
  return { folder, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

/**
 * Runs the project's `main.ts`, which uses `compare()`, and gives the outcomes that are the same.
 */
export async function runProject(folder: string, ...flags: string[]): Promise<Outcomes> {
  return await run(folder, flags, {});
}

/** The same where the far ends do not see the project, whose root it takes, nor Deno's cache. */
export async function runHidden(root: string, folder: string): Promise<Outcomes> {
  const { stdout } = await command([Deno.execPath(), "info", "--json"]);
  const { denoDir } = JSON.parse(stdout) as { denoDir: string };
  return await run(folder, [], { [HIDE_VARIABLE]: `${root}:${denoDir}` });
}

async function run(
  folder: string,
  flags: readonly string[],
  env: Record<string, string>,
): Promise<Outcomes> {
  const { paths } = service("node");
  const args = [Deno.execPath(), paths["18"], paths["26"]];
  const { stdout, stderr, success } = await soon(
    command([Deno.execPath(), "run", "-A", "--no-check", "--quiet", ...flags, "main.ts", ...args], {
      cwd: folder,
      env,
    }),
    "the end of main.ts",
    180_000,
  );
  assertEquals([stderr, success], ["", true]);
  const { here, there }: Comparison = JSON.parse(stdout);
  assertEquals(Object.keys(there), args);
  for (const [path, outcomes] of Object.entries(there)) assertEquals(outcomes, here, path);
  return here;
}

/** A test: the functions of a project give `expected`, here and at far ends. */
export function projectTest(
  name: string,
  files: Files,
  expected: Outcomes | ((folder: string) => Outcomes),
  ...flags: string[]
): Deno.TestDefinition {
  return needing(["deno", "node"], name, async () => {
    await using project = await makeProject(files);
    const { folder } = project;
    const outcomes = typeof expected === "function" ? expected(folder) : expected;
    assertEquals(await runProject(folder, ...flags), outcomes);
  });
}
