import { assert, assertEquals } from "@std/assert";
import { command } from "../services/command.ts";
import { needing, service } from "../services/services.ts";
import { soon } from "../tunnel/_deadline.ts";
import { makeProject } from "../tunnel/_project.ts";

const MOD = import.meta.resolve("../../mod.ts");

/**
 * Runs the cells as a notebook does, and prints what each shows. Deno's kernel may send a cell's
 * result after it has said that it is idle, where most clients have stopped to listen.
 */
const EXECUTE = `
import json, sys
from jupyter_client.manager import start_new_kernel
cells = json.loads(sys.argv[1])
manager, client = start_new_kernel(startup_timeout=120, kernel_name="deno")
shown = []
try:
    for cell in cells:
        request = client.execute(cell["source"])
        awaited = "execute_result" if cell["shows"] else "status"
        while True:
            message = client.get_iopub_msg(timeout=120)
            kind, content = message["msg_type"], message["content"]
            if message["parent_header"].get("msg_id") != request:
                continue
            if kind == "error":
                sys.exit("\\n".join([content["ename"], content["evalue"], *content["traceback"]]))
            if kind == awaited and content.get("execution_state") in (None, "idle"):
                shown.append(content.get("data"))
                break
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
json.dump(shown, sys.stdout)
`;

interface Cell {
  readonly source: string;
  /** Whether it has a result. */
  readonly shows: boolean;
}

const CELLS: readonly Cell[] = [
  {
    source: `import { Group, Local } from ${JSON.stringify(MOD)};
      const group = new Group([new Local("a"), new Local("b")]);`,
    shows: false,
  },
  { source: "group", shows: true },
  { source: 'await group.call((tag: string) => `<${tag}>`, "i")', shows: true },
  { source: "await group.close();", shows: false },
];

/** The Python that has what a script of it needs: the one in its first line. */
async function pythonOf(script: string): Promise<string> {
  const [line = ""] = (await Deno.readTextFile(script)).split("\n", 1);
  return line.replace(/^#!\s*/, "").split(" ").at(-1)!;
}

type Bundle = Readonly<Record<string, string>> | null;

Deno.test(needing("jupyter", "a notebook shows groups and results as tables", async () => {
  await using home = await makeProject({});
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
    command([await pythonOf(service("jupyter").path), "-c", EXECUTE, JSON.stringify(CELLS)], {
      cwd: folder,
      env,
    }),
    "the end of the notebook",
    180_000,
  );
  assert(executed.success, executed.stderr);
  const shown: readonly Bundle[] = JSON.parse(executed.stdout);
  const [group, result] = [1, 2].map((i) => {
    const bundle = shown[i];
    return `${bundle?.["text/plain"]}\n${bundle?.["text/html"]}`;
  }) as [string, string];
  assert(group.startsWith("Group([Local('a'), Local('b')])\n<table><caption>Group of 2<"), group);
  assert(result.startsWith('GroupResult: 2 ok\n  a,b (2)  "<i>"\n<table><caption>'), result);
  assert(result.includes(">&quot;&lt;i&gt;&quot;</td>"), result);
}));
