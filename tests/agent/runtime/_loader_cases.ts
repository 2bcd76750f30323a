/**
 * The cases of the loader, which run on every runtime, so this imports nothing of Deno's own.
 *
 * @module
 */
import assert from "node:assert/strict";
import os from "node:os";
import vm from "node:vm";
import { Loader } from "../../../agent/runtime/loader.ts";
import { COMMONJS_BUNDLE } from "../../../agent/_commonjs_bundle.ts";
import { COMMONJS_MODULE, type ModuleRecord } from "../../../agent/protocol/module_record.ts";
import { SourcePositions } from "../../../agent/runtime/source_positions.ts";

/** Makes records of sources. An import of `./x` means `file:///x`. */
function records(sources: Record<string, string>): ModuleRecord[] {
  return Object.entries(sources).map(([name, source]) => ({
    id: urlOf(name),
    kind: name.endsWith(".json") ? "json" as const : "js" as const,
    source,
    imports: Object.fromEntries(
      [...source.matchAll(/(?:from|import|import\()\s*"(\.\/[^"]*|bare|node:[^"]*)"/g)]
        .map(([, specifier]) => [specifier, specifier === "bare" ? urlOf("bare.js") : specifier!])
        .map(([specifier, url]) => [specifier, url!.startsWith("./") ? urlOf(url!.slice(2)) : url]),
    ),
  }));
}

/** The URL of a name, behind which there may be a type, as in the code that is sent. */
const urlOf = (name: string): string => `file:///${name.replace(/ json$/, "")}`;

/** Makes a loader with the modules `sources`. It gets the modules `later` when it asks. */
function loaderOf(sources: Record<string, string>, later: Record<string, string> = {}): Loader {
  const loader: Loader = new Loader(vm, async (specifier, referrer, type) => {
    log.push(["asked", specifier, referrer, type]);
    await turn();
    const { href } = new URL(specifier, referrer);
    const found = records(later).find(({ id }) => id === href);
    if (found === undefined) throw new TypeError(`Cannot import ${specifier} from ${referrer}: no`);
    loader.define([found]);
    return href;
  }, new SourcePositions());
  loader.define(records(sources));
  return loader;
}

/** The modules of a case write to this. */
const log: unknown[] = [];
(globalThis as Record<string, unknown>).loaderLog = log;

const call = (namespace: Record<string, unknown>, name: string, ...args: unknown[]): unknown =>
  (namespace[name] as (...args: unknown[]) => unknown)(...args);

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** The cases, by what the loader does in them. */
export const cases: Record<string, () => Promise<void>> = {
  async "gives a module's exports"() {
    const loader = loaderOf({
      "a.js": 'import { b } from "./b.js"; export const a = b + 1; export default class A {}',
      "b.js": "export const b = 1;",
    });
    const a = await loader.import("file:///a.js");
    assert.equal(a.a, 2);
    assert.equal((a.default as { name: string }).name, "A");
    assert.deepEqual(Object.keys(a), ["a", "default"]);
  },

  async "runs a module once, whoever imports it and however often"() {
    const loader = loaderOf({
      "a.js": 'import "./c.js"; import "./b.js"; loaderLog.push("a");',
      "b.js": 'import "./c.js"; loaderLog.push("b");',
      "c.js": 'loaderLog.push("c"); export const token = {};',
    });
    await Promise.all([loader.import("file:///b.js"), loader.import("file:///a.js")]);
    const [one, two] = [await loader.import("file:///c.js"), await loader.import("file:///c.js")];
    assert.equal(one, two);
    assert.deepEqual(log, ["c", "b", "a"]);
    assert.equal((await loaderOf({ "c.js": "export {};" }).import("file:///c.js")) === one, false);
  },

  async "keeps bindings live"() {
    const loader = loaderOf({
      "counter.js": "export let count = 0; export function up() { count++; }",
      "reader.js": 'import { count, up } from "./counter.js"; export const read = () => count;' +
        'export { up }; export { count as same } from "./counter.js"; export * as all from "./counter.js";',
    });
    const reader = await loader.import("file:///reader.js");
    call(reader, "up");
    assert.equal(call(reader, "read"), 1);
    assert.equal(reader.same, 1);
    assert.equal((reader.all as { count: number }).count, 1);
    assert.equal((await loader.import("file:///counter.js")).count, 1);
  },

  async "loads modules that import each other"() {
    const loader = loaderOf({
      "even.js":
        'import { odd } from "./odd.js"; export function even(n) { return n === 0 || odd(n - 1); }',
      "odd.js":
        'import { even } from "./even.js"; export function odd(n) { return n !== 0 && even(n - 1); }',
      "self.js":
        'import * as self from "./self.js"; export const me = () => self; export const x = 1;',
    });
    // The import starts at both sides at once.
    const [even, odd] = await Promise.all(
      ["file:///even.js", "file:///odd.js"].map((url) => loader.import(url)),
    );
    assert.equal(call(even!, "even", 10), true);
    assert.equal(call(odd!, "odd", 10), false);
    const self = await loader.import("file:///self.js");
    assert.equal(call(self, "me"), self);
  },

  async "gives the error of a binding that is not ready in a cycle"() {
    const loader = loaderOf({
      "a.js": 'import { b } from "./b.js"; export const a = 1;',
      "b.js": 'import { a } from "./a.js"; export const b = a;',
    });
    await assert.rejects(loader.import("file:///a.js"), ReferenceError);
  },

  async "waits for top-level await"() {
    const loader = loaderOf({
      "slow.js": "await new Promise((resolve) => setTimeout(resolve)); loaderLog.push(1);" +
        "export const value = await Promise.resolve(7);",
      "user.js":
        'import { value } from "./slow.js"; loaderLog.push(2); export const twice = 2 * value;',
      "sibling.js": "loaderLog.push(0);",
      "all.js": 'import { twice } from "./user.js"; import "./sibling.js"; export { twice };',
    });
    const [all, slow, user, again] = await Promise.all(
      ["all", "slow", "user", "all"].map((name) => loader.import(`file:///${name}.js`)),
    );
    assert.equal(all!.twice, 14);
    assert.equal(slow!.value, 7);
    assert.equal(user!.twice, 14);
    assert.equal(again, all);
    assert.deepEqual(log, [0, 1, 2]);
  },

  async "waits for a module that is waiting already"() {
    const loader = loaderOf({
      "slow.js":
        "loaderLog.push('begun'); await new Promise((resolve) => setTimeout(resolve, 5));" +
        "loaderLog.push('done'); export const done = true;",
      "user.js": 'import { done } from "./slow.js"; export { done };',
      "dynamic.js": 'export const load = () => import("./slow.js");',
    });
    const dynamic = await loader.import("file:///dynamic.js");
    const first = loader.import("file:///slow.js");
    while (log.length === 0) await turn();
    const all = await Promise.all([
      loader.import("file:///slow.js"),
      loader.import("file:///user.js"),
      call(dynamic, "load"),
      loader.import("file:///user.js"),
    ]);
    for (const namespace of all) assert.equal((namespace as { done: boolean }).done, true);
    assert.equal(await first, all[0]);
    assert.deepEqual(log, ["begun", "done"]);
  },

  async "lets a module import itself at run time"() {
    const loader = loaderOf({
      "a.js": 'export const early = import("./a.js"); export const value = 5;',
    });
    const a = await loader.import("file:///a.js");
    assert.equal(await a.early, a);
  },

  async "lets a module load while another one waits"() {
    const loader = loaderOf({
      "stuck.js": "await new Promise((resolve) => { globalThis.loaderGo = resolve; });" +
        "export const done = true;",
      "quick.js": "export const quick = true;",
      "user.js": 'import "./stuck.js"; export const user = 1;',
    });
    const stuck = loader.import("file:///stuck.js");
    const user = loader.import("file:///user.js");
    assert.equal((await loader.import("file:///quick.js")).quick, true);
    const global = globalThis as unknown as { loaderGo?: () => void };
    while (global.loaderGo === undefined) await turn();
    global.loaderGo();
    delete global.loaderGo;
    assert.equal((await stuck).done, true);
    assert.equal((await user).user, 1);
  },

  async "gives JSON as the default export"() {
    const loader = loaderOf({
      "data.json": '{ "rows": [1, 2, { "__proto__": 3 }] }',
      "a.js": 'import data from "./data.json" with { type: "json" }; export { data };' +
        'export const same = async () => (await import("./data.json json")).default === data;' +
        'export const untyped = () => import("./data.json");',
      "bad.json": "{ rows",
      "b.js": 'import "./bad.json";',
    });
    const a = await loader.import("file:///a.js");
    assert.deepEqual(a.data, JSON.parse('{ "rows": [1, 2, { "__proto__": 3 }] }'));
    assert.equal(await call(a, "same"), true);
    await assert.rejects(call(a, "untyped") as Promise<unknown>, /without specifying "type"/);
    await assert.rejects(loader.import("file:///b.js"), SyntaxError);
  },

  async "takes node: modules from the runtime"() {
    const loader = loaderOf({
      "a.js": 'import os, { hostname } from "node:os"; import * as all from "node:os";' +
        'export const own = [os, hostname, all.type]; export const late = () => import("node:path");',
      "b.js": 'import { noSuchThing } from "node:os";',
    });
    const [a, again] = await Promise.all(["a", "a"].map(() => loader.import("file:///a.js")));
    assert.equal(a, again);
    assert.deepEqual(a!.own, [os, os.hostname, os.type]);
    const path = await call(a!, "late") as { join(...parts: string[]): string };
    assert.equal(path.join("x", "y"), "x/y");
    assert.equal((await loader.import("node:os")).default, os);
    await assert.rejects(loader.import("file:///b.js"), SyntaxError);
    // The modules that it left behind do no harm.
    assert.equal((await loader.import("file:///a.js")).own, a!.own);
  },

  async "follows the specifiers of the records"() {
    const loader = loaderOf({
      "a.js": 'import { name } from "bare"; export { name };',
      "bare.js": 'export const name = "the bare one";',
    });
    assert.equal((await loader.import("file:///a.js")).name, "the bare one");
  },

  async "imports at run time"() {
    const loader = loaderOf({
      "a.js": 'export const load = () => import("./b.js");' +
        "export const missing = () => import(`./${'missing'}.js`);",
      "b.js": 'await 0; loaderLog.push("b"); import "./c.js"; export const b = {};',
      "c.js": 'loaderLog.push("c");',
    });
    const a = await loader.import("file:///a.js");
    assert.deepEqual(log, []);
    const all = await Promise.all([1, 2, 3].map(() => call(a, "load")));
    assert.deepEqual(log, ["c", "b"]);
    for (const namespace of all) assert.equal(namespace, await loader.import("file:///b.js"));
  },

  async "asks for what is imported at run time and was not sent"() {
    const loader = loaderOf(
      { "x/a.js": "export const load = (name) => import(`./${name}.js`);" },
      { "x/late.js": "export const late = {}; " },
    );
    const a = await loader.import("file:///x/a.js");
    const [one, two] = await Promise.all([call(a, "load", "late"), call(a, "load", "late")]);
    assert.equal(one, two);
    assert.deepEqual(log[0], ["asked", "./late.js", "file:///x/a.js", undefined]);
    for (let i = 0; i < 2; i++) {
      await assert.rejects(
        call(a, "load", "missing") as Promise<unknown>,
        new TypeError("Cannot import ./missing.js from file:///x/a.js: no"),
      );
    }
    assert.equal(await call(a, "load", "late"), one);
  },

  async "imports many modules at run time, at once, with what they share"() {
    const sources: Record<string, string> = {
      "base.js": "await 0; loaderLog.push('base'); export const base = {};",
      "all.js": `const names = Array.from({ length: 40 }, (_, i) => i);
        export const load = () => Promise.all([
          ${Array.from({ length: 40 }, (_, i) => `import("./m${i}.js")`)}
        ]);`,
    };
    for (let i = 0; i < 40; i++) {
      sources[`m${i}.js`] = `import { base } from "./base.js"; import "./m${(i + 1) % 40}.js";
        ${i % 3 === 0 ? "await 0;" : ""} export const own = [${i}, base];`;
    }
    const loader = loaderOf(sources);
    const all = await loader.import("file:///all.js");
    const modules = await call(all, "load") as { own: unknown[] }[];
    assert.deepEqual(modules.map(({ own }) => own[0]), Array.from({ length: 40 }, (_, i) => i));
    assert.equal(new Set(modules.map(({ own }) => own[1])).size, 1);
    assert.deepEqual(log, ["base"]);
  },

  async "imports at run time while a module is being loaded"() {
    const loader = loaderOf({
      "a.js": 'export const b = await import("./b.js"); export const own = "a";',
      "b.js": 'import { c } from "./c.js"; export { c };',
      "c.js": 'export const c = (await import("./d.js")).d;',
      "d.js": "export const d = 4;",
    });
    const a = await loader.import("file:///a.js");
    assert.equal((a.b as { c: number }).c, 4);
  },

  async "gives the error that a module throws, each time, without running it again"() {
    const loader = loaderOf({
      "bad.js": 'loaderLog.push("bad"); throw new RangeError("on purpose");',
      "user.js": 'import "./bad.js"; loaderLog.push("user");',
      "late.js": 'await 0; loaderLog.push("late"); throw "a string";',
      "fine.js": "export const fine = true;",
      "dynamic.js": 'export const load = () => import("./bad.js");',
    });
    const errors: unknown[] = [];
    for (const name of ["user", "bad", "user"]) {
      await loader.import(`file:///${name}.js`).catch((error) => errors.push(error));
    }
    const dynamic = await loader.import("file:///dynamic.js");
    await (call(dynamic, "load") as Promise<unknown>).catch((error) => errors.push(error));
    assert.equal(errors.length, 4);
    assert.equal(new Set(errors).size, 1);
    assert.equal((errors[0] as Error).message, "on purpose");
    const both = await Promise.allSettled([1, 2].map(() => loader.import("file:///late.js")));
    for (const outcome of both) assert.equal((outcome as PromiseRejectedResult).reason, "a string");
    assert.deepEqual(log, ["bad", "late"]);
    assert.equal((await loader.import("file:///fine.js")).fine, true);
  },

  async "runs ES modules that are required"() {
    const loader = loaderOf({
      "plain.js": 'import { b } from "./default.js"; loaderLog.push("ran"); export const a = b;',
      "default.js": 'export default 1; export const b = 2; import("./plain.js");',
      "waits.js": 'import { a } from "./plain.js"; loaderLog.push("bad"); await a;',
      "above.js": 'export * from "./waits.js";',
      "asynchronous.js": "export const f = async () => { await 0; };",
      "whole.js": 'const f = () => "whole"; export { f as "module.exports" };',
      "broken.js": 'import { none } from "./plain.js";',
      "throws.js": 'throw new RangeError("no");',
      "unnamed.js": "",
    });
    const names = [
      "plain",
      "default",
      "waits",
      "above",
      "asynchronous",
      "whole",
      "broken",
      "throws",
      "mended",
    ];
    const commonJs = {
      id: COMMONJS_MODULE,
      kind: "js",
      source: COMMONJS_BUNDLE,
      imports: {},
    } as const;
    const mended = { id: urlOf("mended.js"), imports: {} };
    const source = JSON.stringify({ message: "It is broken", code: "ERR_TEST" });
    await loader.define([commonJs, { ...mended, kind: "broken", source }, {
      id: urlOf("main.cjs"),
      kind: "cjs",
      source: "exports.load = (name) => require(name);",
      imports: {},
      requires: Object.fromEntries(names.map((name) => [name, urlOf(`${name}.js`)])),
    }]);
    const { default: { load } } = await loader.import("file:///main.cjs") as {
      default: { load(name: string): Record<string, unknown> };
    };
    assert.deepEqual(log, []);
    assert.equal(load("plain").a, 2);
    assert.equal(load("plain"), await loader.import("file:///plain.js"));
    assert.deepEqual(log, ["ran"]);
    assert.deepEqual({ ...load("default") }, { default: 1, b: 2, __esModule: true });
    assert.equal(load("default"), load("default"));
    const code = "ERR_REQUIRE_ASYNC_MODULE";
    for (const name of ["waits", "above"]) assert.throws(() => load(name), { code });
    assert.deepEqual(log, ["ran"]);
    assert.deepEqual(Object.keys(load("asynchronous")), ["f"]);
    assert.equal((load("whole") as unknown as () => string)(), "whole");
    assert.throws(() => load("broken"), SyntaxError);
    assert.throws(() => load("mended"), { message: "It is broken", code: "ERR_TEST" });
    await loader.define([{ ...mended, kind: "js", source: "export const well = true;" }]);
    await loader.import("file:///plain.js");
    assert.equal(load("mended").well, true);
    assert.throws(() => load("/unnamed.js"), { code: "ERR_REQUIRE_ESM" });
    for (const _ of [1, 2]) assert.throws(() => load("throws"), { message: "no" });
    await loader.import("file:///waits.js");
    assert.throws(() => load("waits"), { code });
  },

  async "shows the controller's file and line in a stack"() {
    const loader = loaderOf({
      "far/away.js": '\n\nexport function throwing() {\n  throw new Error("here");\n}\n',
    });
    const away = await loader.import("file:///far/away.js");
    let stack = "";
    try {
      call(away, "throwing");
    } catch (error) {
      stack = (error as Error).stack!;
    }
    assert.match(stack, /at (Module\.|Proxy\.)?throwing \(file:\/\/\/far\/away\.js:4:9\)/);
  },

  async "names the module of a syntax error"() {
    const loader = loaderOf({ "bad.js": "export const x = ;", "user.js": 'import "./bad.js";' });
    for (let i = 0; i < 2; i++) {
      await assert.rejects(
        loader.import("file:///user.js"),
        new SyntaxError("Cannot load file:///bad.js: Unexpected token ';'"),
      );
    }
  },

  async "refuses an import of a name that is not exported"() {
    const loader = loaderOf({
      "a.js": 'import { nothing } from "./b.js";',
      "b.js": "export const something = 1;",
    });
    await assert.rejects(loader.import("file:///a.js"), SyntaxError);
    assert.equal((await loader.import("file:///b.js")).something, 1);
  },

  async "refuses a module that was not sent, and takes it when it is"() {
    const sources = {
      "a.js": 'import "./b.js"; import { c } from "./c.js"; export const a = c;',
      "b.js": "export const b = 1;",
    };
    const loader = loaderOf(sources);
    const [missing] = records({ "c.js": "export const c = 3;" });
    await assert.rejects(
      loader.import("file:///a.js"),
      new TypeError("Cannot import file:///c.js from file:///a.js: it was not sent along"),
    );
    await assert.rejects(
      loader.import("file:///x.js"),
      new TypeError("Cannot import file:///x.js: it was not sent along"),
    );
    assert.equal((await loader.import("file:///b.js")).b, 1);
    loader.define([missing!]);
    assert.equal((await loader.import("file:///a.js")).a, 3);
  },

  async "gives import.meta as the controller has it"() {
    const loader = loaderOf({});
    const source = "export const meta = import.meta;";
    loader.define([
      { id: "file:///some%20where/a.js", kind: "js", source, imports: { bare: "file:///b.js" } },
      { id: "https://example.com/x/a.js", kind: "js", source, imports: {} },
    ]);
    interface Meta {
      url: string;
      main: boolean;
      filename?: string;
      dirname?: string;
      resolve(specifier: string): string;
    }
    const file = (await loader.import("file:///some%20where/a.js")).meta as Meta;
    assert.equal(file.url, "file:///some%20where/a.js");
    assert.equal(file.main, false);
    assert.equal(file.filename, "/some where/a.js");
    assert.equal(file.dirname, "/some where");
    assert.equal(file.resolve("bare"), "file:///b.js");
    assert.equal(file.resolve("./motd.txt"), "file:///some%20where/motd.txt");
    const remote = (await loader.import("https://example.com/x/a.js")).meta as Meta;
    assert.equal(remote.url, "https://example.com/x/a.js");
    assert.equal(remote.filename, undefined);
    assert.equal(remote.resolve("../y.js"), "https://example.com/y.js");
  },

  async "loads a thousand modules"() {
    const sources: Record<string, string> = { "m0.js": "export const n = 0;" };
    for (let i = 1; i < 1000; i++) {
      sources[`m${i}.js`] = `import { n as before } from "./m${i - 1}.js";
        import "./m${Math.floor(i / 2)}.js"; export const n = before + 1;`;
    }
    assert.equal((await loaderOf(sources).import("file:///m999.js")).n, 999);
  },
};

/** Runs a case by itself. */
export async function runCase(name: string): Promise<void> {
  log.length = 0;
  await cases[name]!();
}
