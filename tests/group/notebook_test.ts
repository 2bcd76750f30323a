import { assert, assertEquals } from "@std/assert";
import { command } from "../services/command.ts";
import { needing, service } from "../services/services.ts";
import { soon } from "../tunnel/_deadline.ts";
import { makeProject } from "../tunnel/_project.ts";

const MOD = import.meta.resolve("../../mod.ts");

/** Executes a notebook as jupyter-execute does, which in its older versions does not say what the cells show. */
const EXECUTE = `
import nbclient, nbformat
notebook = nbformat.read("tables.ipynb", as_version=4)
nbclient.NotebookClient(notebook, timeout=30, kernel_name="deno").execute()
nbformat.write(notebook, "tables.ipynb")
`;

const CELLS: readonly string[] = [
  `import { Group, Local } from ${JSON.stringify(MOD)};
   const group = new Group([new Local("a"), new Local("b")]);`,
  "group",
  'await group.call((tag: string) => `<${tag}>`, "i")',
  "await group.close();",
];

/** A notebook of Deno, as far as it has to be one. */
function notebook(cells: readonly string[]): string {
  return JSON.stringify({
    cells: cells.map((source, i) => ({
      cell_type: "code",
      execution_count: null,
      id: `cell${i}`,
      metadata: {},
      outputs: [],
      source,
    })),
    metadata: { kernelspec: { display_name: "Deno", language: "typescript", name: "deno" } },
    nbformat: 4,
    nbformat_minor: 5,
  });
}

/** The Python that has what a script of it needs: the one in its first line. */
async function pythonOf(script: string): Promise<string> {
  const [line = ""] = (await Deno.readTextFile(script)).split("\n", 1);
  return line.replace(/^#!\s*/, "").split(" ").at(-1)!;
}

interface Output {
  readonly data?: Readonly<Record<string, string | readonly string[]>>;
}

Deno.test(needing("jupyter", "a notebook shows groups and results as tables", async () => {
  await using home = await makeProject({ "tables.ipynb": notebook(CELLS) });
  const { folder } = home;
  const { stdout: info } = await command([Deno.execPath(), "info", "--json"]);
  const env = {
    HOME: folder,
    XDG_DATA_HOME: `${folder}/data`,
    JUPYTER_DATA_DIR: `${folder}/data/jupyter`,
    TMPDIR: folder,
    DENO_DIR: JSON.parse(info).denoDir,
    DENO_NO_UPDATE_CHECK: "1",
  };
  const installed = await command([Deno.execPath(), "jupyter", "--install"], { env });
  assertEquals(installed.problem, "");
  const executed = await soon(
    command([await pythonOf(service("jupyter").path), "-c", EXECUTE], { cwd: folder, env }),
    "the end of the notebook",
    40_000,
  );
  assert(executed.success, executed.stderr);
  const { cells } = JSON.parse(await Deno.readTextFile(`${folder}/tables.ipynb`));
  const text = (part: string | readonly string[] = ""): string => [part].flat().join("");
  const [group, result] = [1, 2].map((i) => {
    const [output]: Output[] = cells[i].outputs;
    return `${text(output?.data?.["text/plain"])}\n${text(output?.data?.["text/html"])}`;
  }) as [string, string];
  assert(group.startsWith("Group([Local('a'), Local('b')])\n<table><caption>Group of 2<"), group);
  assert(result.startsWith('GroupResult: 2 ok\n  a, b  "<i>"\n<table><caption>'), result);
  assert(result.includes(">&quot;&lt;i&gt;&quot;</td>"), result);
}));
