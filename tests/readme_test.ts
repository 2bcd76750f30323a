import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const README = await Deno.readTextFile(`${ROOT}/README.md`);

/** The blocks of code in a language. */
function blocks(language: string): string[] {
  return [...README.matchAll(/^```(\S*)\n([^]*?)^```$/gm)]
    .filter(([, of]) => of === language)
    .map(([, , code]) => code!);
}

/** Runs a script of a shell in an empty folder, where `git clone` copies this one. */
async function follow(script: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    const bin = `${folder}/bin`;
    await Deno.mkdir(bin);
    await Deno.mkdir(`${folder}/work`);
    const parts = "agent codec deno.json deno.lock examples group mod.ts queue tunnel";
    const programs = {
      git:
        `[ "$1 $2" = "clone REPOSITORY" ] && mkdir "$3" && cd '${ROOT}' && cp -R ${parts} "$OLDPWD/$3"`,
      npx:
        `[ "$1 $2" = "-y deno@${Deno.version.deno}" ] && shift 2 && exec '${Deno.execPath()}' "$@"`,
    };
    for (const [name, text] of Object.entries(programs)) {
      await Deno.writeTextFile(`${bin}/${name}`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    }
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: ["-e", "-c", script],
      cwd: `${folder}/work`,
      env: { PATH: `${bin}:${Deno.env.get("PATH")}`, NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, stdout: out!, stderr: err! };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("README starts from an empty folder", async () => {
  const script = blocks("sh").slice(0, 2).join("");
  const tests = script.split("\n").filter((line) => line.includes(" task quick "));
  assertEquals(tests.length, 1); // they are run elsewhere
  const { code, stdout, stderr } = await follow(script.replace(tests[0]!, ""));
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /\nLocal\('here'\)\n[^]*\nTime on localhost: \d{4}-.*\n$/);
});

Deno.test("README's scripts import the package by its name, and none is left out", () => {
  const scripts = blocks("ts");
  assert(scripts.length > 10);
  const others = scripts.flatMap((code) => [...code.matchAll(/ from "([^"]+)"/g)])
    .map(([, specifier]) => specifier!)
    .filter((specifier) => !/^(node:|@chopsticks\/chopsticks(\/|$))/.test(specifier));
  assertEquals(others, []);
  // deno test --doc would leave them out.
  assertEquals(README.match(/^```ts .*$/gm), null);
});
