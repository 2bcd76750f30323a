import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { Worker as NodeWorker } from "node:worker_threads";
import { command, which } from "../../services/command.ts";
import { needing, service, slow } from "../../services/services.ts";
import { soon } from "../_deadline.ts";
import { makeProject } from "../_project.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** The scripts that the tests run, each in its place. */
const FOLDER = fileURLToPath(new URL("../fixture/places", import.meta.url));
const ENV = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };

interface DenoOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** The output of Deno with these arguments. It has to succeed without a word on stderr. */
async function deno(args: readonly string[], options: DenoOptions = {}): Promise<string> {
  const { cwd = FOLDER, env = {}, input = "" } = options;
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { ...ENV, ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writing = new Blob([input]).stream().pipeTo(child.stdin);
  const [{ success, stdout, stderr }] = await soon(
    Promise.all([child.output(), writing]),
    `the end of deno ${args.join(" ")}`,
    120_000,
  );
  const decoder = new TextDecoder();
  assertEquals([decoder.decode(stderr), success], ["", true]);
  return decoder.decode(stdout);
}

const SCRIPT_PRINTS = "top level\n102 103 sum/104 101 true\n";

Deno.test("A script of one file calls its functions without a guard", async () => {
  assertEquals(await deno(["run", "-A", "--quiet", "single_file.ts"]), SCRIPT_PRINTS);
});

Deno.test("A script from stdin, and one on the command line, call their functions", async () => {
  const script = await Deno.readTextFile(`${FOLDER}/single_file.ts`);
  assertEquals(await deno(["run", "-A", "--quiet", "-"], { input: script }), SCRIPT_PRINTS);
  assertEquals(await deno(["eval", "--quiet", script]), SCRIPT_PRINTS);
});

Deno.test(slow("A script that is run or imported by its URL calls its functions", async () => {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const path = ROOT + decodeURIComponent(new URL(request.url).pathname);
      return new Response(await Deno.readFile(path), {
        headers: { "content-type": "application/typescript" },
      });
    },
  );
  try {
    await using project = await makeProject({ "main.ts": "" });
    const base = `http://127.0.0.1:${server.addr.port}/tests/tunnel/fixture/places`;
    const flags = ["run", "-A", "--quiet", "--no-config", "--no-lock", "--no-check"];
    const env = { DENO_DIR: `${project.folder}/cache` };
    const options = { cwd: project.folder, env };
    assertEquals(await deno([...flags, `${base}/single_file.ts`], options), SCRIPT_PRINTS);
    const main = `import { run } from "${base}/imported.ts"; console.log(await run());`;
    await Deno.writeTextFile(`${project.folder}/main.ts`, main);
    assertEquals(await deno([...flags, "main.ts"], options), "[ 101, true, 102, 3 ]\n");
  } finally {
    await server.shutdown();
  }
}));

Deno.test("deno repl calls what its lines define", async () => {
  const input = await Deno.readTextFile(`${FOLDER}/repl.txt`);
  const printed = await deno(["repl", "-A", "--quiet"], { input });
  assertEquals(printed.split("\n").filter((line) => /^[a-z][^:]*: /.test(line)), [
    "declaration: 42",
    "closure: 106",
    "closure over a changed variable: 107",
    "redefined: 63",
    "function that uses others: 110",
    "redefined arrow: -99",
    'imports: ["a/b",true]',
    "import by reference: false",
    "class: 12",
    "enum: 1",
    "callback: 4",
    "function as an argument: 12",
    "generator: 0",
    "generator: 3",
    "generator: 6",
    "built-in: 2",
    "global: 101",
    "not awaited at once: 15",
    "module without a file: 42",
    "all at once: [3,-96,true]",
    'error: "(anonymous)() failed on localhost: RangeError: an error"',
    'refusal: "Cannot send function (anonymous): variable tun is a Local, which has no copy; ' +
    'make it inside the function, or move the function to a module of its own, which is loaded there"',
  ]);
});

/** What the calls of repl_imports.txt give. */
const IMPORTS = [
  'node namespace: "stringa/b"',
  "node default: [true,false,true]",
  'node sub-modules: "function"',
  'npm default: [[[1,2],[3]],"1.2.3","a: 1\\n"]',
  'npm names: [3,86400000,"4cd605e7-afa2-5360-b5b9-c5e9fb5c76f4"]',
  'npm namespace: ["a: 1\\n",false]',
  'npm functions with properties: [true,"aB",true]',
  'npm class: {"n":"3"}',
  'barrel names: [true,false,"3.1",8080,3]',
  'barrel namespace: [true,false,"3.1","3.1",6]',
  "JSON: 4",
  "made by a package: 8081",
  'import(): ["3.1",false]',
  "import() inside: true",
  'functions that use others: "odd 2"',
  'one of them redefined: "ODD 2"',
  'an import redefined: [false,"EVEN 3"]',
  "by reference: [true,false,true]",
];

Deno.test("deno repl calls what uses its imports", async () => {
  const input = await Deno.readTextFile(`${FOLDER}/repl_imports.txt`);
  const printed = await deno(["repl", "-A", "--quiet"], { input });
  const wanted = printed.split("\n").filter((line) => line !== "undefined" && line !== "");
  assertEquals(wanted, IMPORTS);
});

/** What a notebook writes to the file that `NOTEBOOK_RESULTS` names. */
async function executeNotebook(path: string): Promise<unknown> {
  await using home = await makeProject({});
  const { folder } = home;
  const { denoDir } = JSON.parse(await deno(["info", "--json"]));
  const data = `${folder}/.local/share`;
  const env = {
    ...ENV,
    HOME: folder,
    XDG_DATA_HOME: data,
    JUPYTER_DATA_DIR: `${data}/jupyter`,
    TMPDIR: folder,
    DENO_DIR: denoDir,
  };
  const installed = await command([Deno.execPath(), "jupyter", "--install"], { env });
  assertEquals(installed.problem, "");
  const executed = await soon(
    command([service("jupyter").path, "--kernel_name=deno", "--timeout=120", path], {
      cwd: FOLDER,
      env: { ...env, NOTEBOOK_RESULTS: `${folder}/results.json` },
    }),
    "the end of the notebook",
    180_000,
  );
  assert(executed.success, executed.stderr);
  return JSON.parse(await Deno.readTextFile(`${folder}/results.json`));
}

Deno.test(needing("jupyter", "A notebook calls what its cells define", async () => {
  assertEquals(await executeNotebook("notebook.ipynb"), [42, 106, 107, "a/b", 63, 12, 4, 42]);
}));

Deno.test(needing("jupyter", "A notebook calls what uses its imports", async () => {
  const lines = (await Deno.readTextFile(`${FOLDER}/repl_imports.txt`)).trim().split("\n");
  const cells = [
    "const printed: string[] = []; console.log = (line) => void printed.push(line);",
    ...lines.map((line) => line.replaceAll(/(?<=")\.\.?\//g, (path) => `${FOLDER}/${path}`)),
    'Deno.writeTextFileSync(Deno.env.get("NOTEBOOK_RESULTS")!, JSON.stringify(printed));',
  ];
  const notebook = {
    cells: cells.map((source) => ({
      cell_type: "code",
      execution_count: null,
      metadata: {},
      outputs: [],
      source,
    })),
    metadata: { kernelspec: { name: "deno", display_name: "Deno", language: "typescript" } },
    nbformat: 4,
    nbformat_minor: 4,
  };
  await using project = await makeProject({ "imports.ipynb": JSON.stringify(notebook) });
  assertEquals(await executeNotebook(`${project.folder}/imports.ipynb`), IMPORTS);
}));

Deno.test("deno test runs tests that call their own functions", async () => {
  const flags = ["test", "-A", "--quiet", "--sanitize-ops", "--sanitize-resources"];
  assertStringIncludes(await deno([...flags, "in_deno_test.ts"]), "1 passed | 0 failed");
});

Deno.test("A worker calls its functions, and misses no message while it loads", async () => {
  const worker = new Worker(import.meta.resolve("../fixture/places/in_worker.ts"), {
    type: "module",
  });
  try {
    worker.postMessage(4);
    const results = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
    assertEquals(await soon(results, "the worker's results"), [14, 40, 6]);
  } finally {
    worker.terminate();
  }
});

Deno.test("A worker of node:worker_threads does too", async () => {
  const worker = new NodeWorker(new URL("../fixture/places/in_node_worker.ts", import.meta.url));
  try {
    worker.postMessage(4);
    const results = new Promise((resolve, reject) => {
      worker.on("message", resolve);
      worker.on("error", reject);
    });
    assertEquals(await soon(results, "the worker's results"), [14, 6]);
  } finally {
    await worker.terminate();
  }
});

Deno.test("The library needs neither the TypeScript stripper nor Deno's command line", async () => {
  await using tools = await makeProject({});
  for (const name of ["sh", "cat"]) await Deno.symlink(which(name)!, `${tools.folder}/${name}`);
  const printed = await deno([
    ...["run", "--quiet", "--no-prompt", "--preload=no_stripper.ts"],
    // No other program may be started.
    ...["--allow-run=sh", "--allow-env", "--allow-sys", "--allow-read"],
    ...["without_tools.ts", Deno.execPath()],
  ], { env: { PATH: tools.folder } });
  const stripper = "There is no TypeScript stripper";
  assertEquals(JSON.parse(printed), [stripper, true, false, true, true, true]);
});

Deno.test("What the library loads late is in its module graph", async () => {
  const graph = JSON.parse(await deno(["info", "--json", "mod.ts"], { cwd: ROOT }));
  const found = graph.modules.flatMap((
    { dependencies = [] }: { dependencies?: { specifier: string }[] },
  ) => dependencies.map(({ specifier }) => specifier).filter((one) => one.startsWith("npm:")));
  const names = new Set(found.map((one: string) => one.replace(/@[\d.]+/, "")));
  assertEquals([...names].sort(), [
    "npm:acorn",
    "npm:cjs-module-lexer",
    "npm:diff/lib/patch/create.js",
    "npm:es-module-lexer/js",
    "npm:fast-string-width",
  ]);
});

/** The results of `permissions.ts` with these permissions. */
async function runWith(permissions: readonly string[], ...args: string[]): Promise<unknown> {
  const flags = ["run", "--quiet", "--no-prompt", ...permissions];
  return JSON.parse(await deno([...flags, "permissions.ts", ...args]));
}

const ALL = { module: true, builtin: 2, reference: false, value: 2, package: true };

Deno.test("Local works with --allow-run=sh --allow-env --allow-sys", async () => {
  assertEquals(await runWith(["--allow-run=sh", "--allow-env", "--allow-sys"]), ALL);
});

Deno.test(
  needing("ssh", "SSHTunnel works with --allow-run=ssh --allow-env --allow-sys", async () => {
    const { config } = service("ssh");
    assertEquals(await runWith(["--allow-run=ssh", "--allow-env", "--allow-sys"], config), ALL);
  }),
);

Deno.test("module() names the permission that it lacks", async () => {
  await using project = await makeProject({
    "add.ts": "export const add = (x: number, y: number): number => x + y;",
    "main.ts": `
      import { Local } from "${import.meta.resolve("../../../mod.ts")}";
      await using tun = new Local();
      for (const name of ["./add.ts", "./none.ts"]) {
        const { add } = tun.module<{ add(x: number, y: number): number }>(import.meta.resolve(name));
        console.log(await add(1, 2).catch((error: Error) => error.message));
      }
    `,
  });
  const { folder } = project;
  const run = async (...flags: string[]): Promise<string[]> =>
    (await deno(
      ["run", "--quiet", "--no-prompt", "--allow-run=sh", "--allow-env", ...flags, "main.ts"],
      { cwd: folder },
    )).trim().split("\n");
  const refusal = (name: string, why: string): string =>
    `Cannot send module ${new URL(name, `file://${folder}/`)}: ${why}`;
  const unread = (name: string): string =>
    refusal(name, `this process may not read it; run it with --allow-read=${folder}/${name}`);
  for (const flags of [[], ["--allow-sys"]]) {
    assertEquals(await run(...flags), [unread("add.ts"), unread("none.ts")]);
    const missing = refusal("none.ts", "there is no such module");
    assertEquals(await run(...flags, `--allow-read=${folder}`), ["3", missing]);
  }
});

Deno.test("module() and built-ins need no --allow-sys, and call() says that it does", async () => {
  const refusal = "TypeError: Cannot find out what to send of a function: " +
    "this process may not use V8's inspector; run it with --allow-sys";
  assertEquals(await runWith(["--allow-run=sh", "--allow-env"]), {
    ...ALL,
    reference: refusal,
    value: refusal,
    package: refusal,
  });
});
