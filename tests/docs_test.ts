import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ENTRIES = Object.values(config.exports);

/** What `deno doc --json` gives: a tree in which texts of docs can be anywhere. */
type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Runs `deno doc` on all entry points. */
async function doc(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", ...args, ...ENTRIES],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

function* textsOf(value: Json): Generator<string> {
  if (typeof value === "string") yield value;
  else if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) yield* textsOf(part);
  }
}

/** The texts of the docs of each entry point, by the folder of its pages. */
async function texts(): Promise<Map<string, string[]>> {
  const { nodes } = JSON.parse(await doc("--json")) as { nodes: Record<string, Json> };
  const folders = new Map(Object.entries(config.exports).map(([name, path]) => [path, name]));
  return new Map(
    Object.entries(nodes).map(([url, node]) => {
      const path = `./${fileURLToPath(url).slice(ROOT.length)}`;
      return [folders.get(path)!, [...textsOf(node)]];
    }),
  );
}

Deno.test("deno doc --lint finds nothing in any entry point, and the task looks at all", async () => {
  await doc("--lint");
  const paths = ENTRIES.map((path) => path.slice(2)).sort();
  assertEquals(config.tasks["doc-lint"].split(" ").slice(3).sort(), paths);
});

Deno.test("examples import the library by its name", async () => {
  for (const [name, found] of await texts()) {
    const relative = found.filter((text) => /(from|import\(|resolve\() ?"\.{1,2}\//.test(text));
    assertEquals(relative, [], name);
  }
});

Deno.test("every tag is one that the HTML of the docs shows, such as @default {1}", async () => {
  // A tag that is unknown, or not as it has to be, is kept as it is written, and left out.
  for (const [name, found] of await texts()) {
    assertEquals(found.filter((text) => /^@[a-z]/.test(text)), [], name);
  }
});

Deno.test("the HTML of the docs begins with what most people want, and its links lead on", async () => {
  const output = await Deno.makeTempDir();
  try {
    await doc("--html", "--name=x", `--output=${output}`);
    const index = await Deno.readTextFile(`${output}/index.html`);
    const [symbols] = index.match(/<nav class="topSymbols">[^]*?<\/nav>/) ?? [""];
    const names = [...symbols.matchAll(/<a [^>]*?title="([^"]+)"/g)].map(([, name]) => name);
    assertEquals(names, ["Tunnel", "Group", "Queue", "Local", "Docker"]);
    const broken: string[] = [];
    for (const [name, found] of await texts()) {
      for (const text of found) {
        for (const [link, target] of text.matchAll(/\{@link(?:code)? ([^} ]+)[^}]*\}/g)) {
          const page = `${output}/${name}/~/${target}.html`;
          if (!await Deno.stat(page).then(() => true, () => false)) broken.push(`${name}: ${link}`);
        }
      }
    }
    assertEquals(broken, []);
  } finally {
    await Deno.remove(output, { recursive: true });
  }
});
