import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import process from "node:process";
import { Local, RemoteError } from "../../../mod.ts";
import { command } from "../../services/command.ts";
import { needing, service, services } from "../../services/services.ts";
import { cases as anewCases } from "./_anew_cases.ts";
import { cases as codeCases } from "./_code_cases.ts";
import { cases as importCases } from "./_import_cases.ts";
import { cases as keptCases } from "./_kept_cases.ts";
import { cases as memberCases } from "./_member_cases.ts";
import { cases as oddCases } from "./_odd_cases.ts";
import { rejectsAs, soon } from "../_deadline.ts";
import { kindNamed } from "../_kinds.ts";
import { makeProject } from "../_project.ts";
import { cases as runtimeCases } from "./_runtime_cases.ts";
import { cases as sameCases } from "./_same_cases.ts";
import { spyOn } from "../_spy.ts";
import { cases as variableCases } from "./_variable_cases.ts";
import { cases as valueCases } from "./_value_cases.ts";
import * as refused from "../fixture/refused.ts";

const AGENTS = ["Local, Deno", "Local, Node 18", "Local, Node 26"].map(kindNamed);
const DENO = { runtime: "deno", deno: Deno.execPath() } as const;

/** The output of a script of this folder that is run by itself. */
async function run(name: string, ...args: string[]): Promise<string> {
  const script = new URL(name, import.meta.url).pathname;
  const { stdout, stderr } = await soon(
    command([Deno.execPath(), "run", "-A", "--no-check", script, ...args]),
    `the end of ${name}`,
    180_000,
  );
  assertEquals(stderr, "");
  return stdout;
}

for (const agent of AGENTS) {
  Deno.test(needing(agent.needs, `${agent.name}: call() sends by value`, async (t) => {
    await using tun = agent.open();
    await tun.connect();
    for (
      const [name, run] of Object.entries({
        ...codeCases,
        ...variableCases,
        ...oddCases,
        ...valueCases,
        ...anewCases,
        ...memberCases,
        ...importCases,
        ...runtimeCases,
        // A doubt about scopes takes a heap snapshot for each.
        ...(services.quick ? {} : { ...sameCases, ...keptCases }),
      })
    ) {
      await t.step(name, () => soon(run(tun), name, 60_000));
    }
  }));
}

Deno.test(needing("node", "call() sends by value from an entry script", async (t) => {
  for (
    const kind of [
      "code",
      "variable",
      "odd",
      "same",
      "kept",
      "value",
      "import",
      "runtime",
      "anew",
      "member",
    ]
  ) {
    const name = `_${kind}_cases.ts`;
    for (const args of [[], [service("node").paths["18"]]]) {
      await t.step(`${name}, ${args.length === 0 ? "to Deno" : "to Node 18"}`, async () => {
        assertEquals(await run(name, ...args), "done\n");
      });
    }
  }
}));

Deno.test("call() never runs the entry script at the far end", async () => {
  const entry = import.meta.resolve("../fixture/entry.ts");
  const reason =
    `it imports the script that runs here (${entry}), whose top level is never run at the far end`;
  const importer = import.meta.resolve("../fixture/imports_entry.ts");
  const remedy = "move what it needs into a module of its own";
  const ofModule = `Cannot send module ${
    import.meta.resolve("../fixture/imports_entry.ts")
  }: ${reason}: ${remedy}`;
  assertEquals(JSON.parse(await run("../fixture/entry.ts")), {
    runs: "not here",
    exported: "exported not here",
    again: ["first", "second"],
    refusals: [
      ofModule,
      ofModule,
      `Cannot send function (anonymous): ${reason}; ${remedy} (${importer}:12:10)`,
      ofModule,
    ],
    pidsDiffer: true,
  });
});

Deno.test("call() refuses what cannot be sent, and sends nothing", async (t) => {
  await using tun = new Local("here", DENO);
  const traffic = await spyOn(tun);
  for (const { what, fn, args = [], text } of refused.cases()) {
    await t.step(what, async () => {
      const error = await rejectsAs(TypeError, tun.call(fn as () => unknown, ...args as []));
      assertMatch(error.message, text);
    });
  }
  assertEquals(traffic, {
    ...{ calls: 0, batches: 0, batchBytes: 0, modules: [] },
    ...{ values: 0, askedValues: 0, imports: [] },
  });
});

Deno.test("call() says where it is, when a value is nested too deeply", async () => {
  await using tun = new Local("here", DENO);
  let deep: unknown = {};
  for (let i = 0; i < 600; i++) deep = { deep };
  const given = await rejectsAs(RangeError, tun.call((value) => value, deep));
  assertMatch(
    given.message,
    /^Cannot encode arguments\[0\]\.deep\..*…: it is nested deeper than 500 levels; make it flatter, or a text \(file:.*by_value_test\.ts:\d+:\d+\)$/,
  );
  const captured = await rejectsAs(RangeError, tun.call(() => deep));
  assertMatch(
    captured.message,
    /^Cannot encode what the function uses: it is nested .* \(file:.*\)$/,
  );
  for (const { stack } of [given, captured]) {
    assertMatch(stack!.split("\n").slice(1).join("\n"), /by_value_test\.ts:\d+:\d+/);
  }
});

Deno.test("call() refuses a variable that has no value yet", async () => {
  await using tun = new Local("here", DENO);
  const early = (): unknown => later;
  const error = await rejectsAs(TypeError, tun.call(early));
  const source = await Deno.readTextFile(new URL(import.meta.url));
  const line = source.slice(0, source.indexOf("const early")).split("\n").length;
  assertEquals(
    error.message,
    "Cannot send function early: variable later has no value yet; make the call after its declaration " +
      `(${import.meta.url}:${line}:17)`,
  );
  const later = 1;
  assertEquals(await tun.call(early), 1);
});

Deno.test("a second call sends no code again", async (t) => {
  await using tun = new Local("here", DENO);
  const traffic = await spyOn(tun);
  const factor = 3;
  const times = (n: number): number => n * factor;

  await t.step("of the same function", async () => {
    for (let i = 0; i < 3; i++) assertEquals(await tun.call(times, i), i * 3);
    assertEquals([traffic.calls, traffic.batches], [3, 1]);
  });

  await t.step("of a function with the same code, made anew", async () => {
    const make = (n: number) => () => n;
    for (let i = 0; i < 3; i++) assertEquals(await tun.call(make(i)), i);
    assertEquals([traffic.calls, traffic.batches], [6, 2]);
  });

  await t.step("by calls at once", async () => {
    const other = (n: number): number => n + factor;
    const results = await Promise.all([1, 2, 3].map((n) => tun.call(other, n)));
    assertEquals(results, [4, 5, 6]);
    assertEquals([traffic.calls, traffic.batches], [9, 3]);
  });
});

Deno.test("call() takes the new version of a function that was defined anew", async () => {
  await using tun = new Local("here", DENO);
  const results: unknown[] = [];
  for (const version of [1, 2, 3]) {
    const fn = new Function(`return "version ${version}"`) as () => string;
    results.push(await tun.call(fn));
  }
  const folder = await Deno.makeTempDir();
  try {
    for (const version of [4, 5]) {
      await Deno.writeTextFile(
        `${folder}/a.js`,
        `const local = () => "version ${version}";\nexport const get = () => local;`,
      );
      const { get } = await import(`file://${folder}/a.js?${version}`);
      results.push(await tun.call(get()));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  assertEquals(results, [1, 2, 3, 4, 5].map((version) => `version ${version}`));
});

Deno.test("call() sends a module as it runs here, whatever was written to its file since", async () => {
  await using tun = new Local("here", DENO);
  await using project = await makeProject({
    "a.ts": `export function version(): string { return "old"; }`,
    "b.js": `export const stack = () => new Error("b").stack;`,
  });
  const [a, b] = [`file://${project.folder}/a.ts`, `file://${project.folder}/b.js`];
  const { version } = await import(a);
  await Deno.writeTextFile(`${project.folder}/a.ts`, `export const version = () => "new";`);
  assertEquals(await tun.call(version), "old");
  const { stack } = await import(b);
  assertStringIncludes(await tun.call(stack), `${b}:1:28`);
});

function throwing(): never {
  const text = "on purpose";
  throw new RangeError(text); // throwing
}

const object = {
  method(): never {
    JSON.parse("{"); // method
    throw 0;
  },
};

class Thrower {
  fail(): never {
    throw new Error("from a class"); // class
  }
}

/** Line and column, one-based, of `text` in front of the comment `mark` of this file. */
async function positionOf(url: string, mark: string, text: string): Promise<string> {
  const lines = (await Deno.readTextFile(new URL(url))).split("\n");
  const line = lines.findIndex((one) => one.endsWith(`// ${mark}`));
  return `${url}:${line + 1}:${lines[line]!.indexOf(text) + 1}`;
}

for (const agent of AGENTS) {
  Deno.test(needing(agent.needs, `${agent.name}: stacks name the user's positions`, async (t) => {
    await using tun = agent.open();
    const here = import.meta.url;
    const stackOf = async (call: Promise<unknown>): Promise<string> =>
      (await rejectsAs(RemoteError, call)).remoteStack!;

    await t.step("of a function by value", async () => {
      const stack = await stackOf(tun.call(throwing));
      assertStringIncludes(stack, await positionOf(here, "throwing", "new RangeError"));
      const inner: string = await stackOf(tun.call(() => throwing()));
      assertStringIncludes(inner, await positionOf(here, "throwing", "new RangeError"));
      assertMatch(inner, new RegExp(`throwing.*\n.*${here}:\\d+:\\d+`));
    });

    await t.step("of a method, and of a class", async () => {
      const stack = await stackOf(tun.call(object.method));
      assertStringIncludes(stack, await positionOf(here, "method", "parse"));
      const ofClass = await stackOf(tun.call(() => new Thrower().fail()));
      assertStringIncludes(ofClass, await positionOf(here, "class", "new Error"));
    });

    await t.step("of a method whose name is computed", async () => {
      const METHOD = "run";
      // deno-fmt-ignore
      const computed = { [METHOD]() { throw new Error("here"); } }; // of an object
      // deno-fmt-ignore
      class Computed { [METHOD]() { throw new Error("here"); } } // of a class
      const stack = await stackOf(tun.call(computed.run));
      assertStringIncludes(stack, await positionOf(here, "of an object", "new Error"));
      assertMatch(stack, /^ +at .*\brun\b/m);
      const ofClass = await stackOf(tun.call(() => new Computed().run()));
      assertStringIncludes(ofClass, await positionOf(here, "of a class", "new Error"));
    });

    await t.step("of an arrow function among others on its line", async () => {
      // deno-fmt-ignore
      const [, fn] = [() => 0, () => { throw new Error("here"); }] as const; // arrow
      const stack = await stackOf(tun.call(fn));
      assertStringIncludes(stack, await positionOf(here, "arrow", "new Error"));
    });

    await t.step("read at the far end", async () => {
      const stack = await tun.call(() => {
        const error = new Error("read"); // far
        return error.stack!;
      });
      assertStringIncludes(stack, await positionOf(here, "far", "new Error"));
      assert(stack.startsWith("Error: read\n    at "), stack);
      const pid = await tun.call(() => process.pid);
      assertEquals(pid, tun.info!.pid);
    });

    await t.step("of functions that call each other over scripts", async () => {
      const stack = await stackOf(tun.call(refused.thrower(), () => throwing()));
      assertStringIncludes(stack, await positionOf(here, "throwing", "new RangeError"));
      const url = import.meta.resolve("../fixture/refused.ts");
      assertStringIncludes(stack, await positionOf(url, "run", "fn()"));
    });
  }));
}
