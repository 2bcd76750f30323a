import { assertEquals, assertMatch } from "@std/assert";
import { RemoteError } from "../../../mod.ts";
import { needing } from "../../services/services.ts";
import { rejectsAs } from "../_deadline.ts";
import { kindNamed } from "../_kinds.ts";
import { makeProject } from "../_project.ts";
import { spyOn } from "../_spy.ts";

const AGENTS = ["Local, Deno", "Local, Node 18", "Local, Node 26"].map(kindNamed);

interface Plugins {
  load(name: string): Promise<unknown>;
  loadJson(name: string): Promise<unknown>;
  loadText(name: string): Promise<string>;
}

for (const agent of AGENTS) {
  Deno.test(needing(agent.needs, `${agent.name}: computed imports under serve`, async (t) => {
    await using project = await makeProject({
      "app/mod.ts": `export const load = async (name: string) =>
          (await import("../plugins/".concat(name))).default;
        export const loadJson = async (name: string) =>
          (await import("../plugins/".concat(name), { with: { type: "json" } })).default;
        export const loadText = async (name: string) =>
          (await import("../plugins/".concat(name), { with: { type: "text" } })).default;`,
      "plugins/a.ts":
        `import { shared } from "./deep/shared.ts"; import { other } from "../outside.ts";
        enum Kind { One = 1 } export default () => [shared, other, Kind.One];
        export const again = import.meta.url;`,
      "plugins/b.ts": `import a from "./a.ts"; export default a;`,
      "plugins/data.json": "[1]",
      "plugins/text.txt": "text",
      "plugins/deep/shared.ts": `export const shared: string = "shared";`,
      "outside.ts": `export const other: string = "other";`,
      "secret.ts": `export default "secret";`,
    });
    const { folder } = project;
    const { load, loadJson, loadText }: Plugins = await import(`file://${folder}/app/mod.ts`);
    await using tun = agent.open({ serve: [`file://${folder}/plugins`] });
    const traffic = await spyOn(tun);
    const call = async (name: string): Promise<unknown> =>
      await (await load(name) as () => unknown)();

    await t.step("load what is served, with what that imports", async () => {
      const values = await tun.call(call, "a.ts");
      assertEquals(values, ["shared", "other", 1]);
      assertEquals(traffic.imports, ["../plugins/a.ts"]);
    });

    await t.step("ask for what the agent has, but are sent nothing again", async () => {
      assertEquals(await tun.call(call, "b.ts"), ["shared", "other", 1]);
      const same = async (x: string, y: string) => (await load(x)) === (await load(y));
      assertEquals(await tun.call(same, "a.ts", "b.ts"), true);
      assertEquals(new Set(traffic.modules).size, traffic.modules.length);
    });

    await t.step("load JSON and, where the runtime tells of types, text", async () => {
      assertEquals(await tun.call(loadJson, "data.json"), [1]);
      // As here, it has to be told.
      const { message } = await rejectsAs(RemoteError, tun.call(load, "data.json"));
      assertMatch(message, /without specifying "type": "json"/);
      if (agent.runtime !== "18") assertEquals(await tun.call(loadText, "text.txt"), "text");
    });

    await t.step("of a function by value", async () => {
      const url = `file://${folder}/plugins/`;
      const byValue = async (name: string) => (await import(url + name)).again;
      assertEquals(await tun.call(byValue, "a.ts"), `${url}a.ts`);
    });

    await t.step("fail for what is missing and, otherwise, for what is not served", async () => {
      const missing = await rejectsAs(RemoteError, tun.call(load, "missing.ts"));
      assertMatch(missing.message, /plugins\/missing\.ts: there is no such file/);
      assertEquals((missing.cause as { code?: string }).code, "ERR_MODULE_NOT_FOUND", "as here");
      const refused = await rejectsAs(RemoteError, tun.call(load, "../secret.ts"));
      assertMatch(refused.message, /nor in a folder that is served/);
    });
  }));
}

for (const agent of AGENTS) {
  Deno.test(
    needing(agent.needs, `${agent.name}: imports of templates are in the graph`, async () => {
      await using project = await makeProject({
        "app/mod.ts": `
        const reason = (error: Error) => error.message;
        export const load = async (name: string) => (await import(\`./x/\${name}.ts\`)).default;
        export const sum = async (name: string) => (await import("./x/" + name + ".ts")).default;
        export const json = async (name: string) =>
          (await import(\`./x/\${name}.json\`, { with: { type: "json" } })).default;
        export const broken = () => load("broken").catch(reason);`,
        "app/x/a.ts": `import { b } from "../b.ts"; export default b;`,
        "app/x/in/c.ts": `export default "c";`,
        "app/x/broken.ts": `import "./nothing.ts";`,
        "app/x/data.json": "[1]",
        "app/x/node_modules/d.ts": `export default "d";`,
        "app/b.ts": `export const b: string = "b";`,
      });
      const { load, sum, json, broken } = await import(`file://${project.folder}/app/mod.ts`);
      await using tun = agent.open();
      const traffic = await spyOn(tun);
      assertEquals(await tun.call(load, "a"), "b");
      assertEquals(await tun.call(load, "in/c"), "c");
      assertEquals(await tun.call(sum, "in/c"), "c");
      assertEquals(await tun.call(json, "data"), [1]);
      assertMatch(await tun.call(broken) as string, /nothing\.ts: there is no such module/);
      assertEquals(traffic.imports, []);
      await rejectsAs(RemoteError, tun.call(load, "node_modules/d"));
    }),
  );
}

for (const agent of AGENTS) {
  Deno.test(
    needing(agent.needs, `${agent.name}: imports of names in variables are sent`, async () => {
      await using project = await makeProject({
        "app/mod.ts": `
        const one = "./x/a.ts", data = "./d.json", builtin = "node:path", none = "./none.ts";
        const list: string[] = ["./x/a.ts", "../b.ts"];
        const table: Record<string, string> = { "b": "../b.ts" };
        const load = async (name: string) => (await import(name)).default;
        export const fns = {
          one: async () => (await import(one)).default,
          json: async () => (await import(data, { with: { type: "json" } })).default,
          builtin: async () => (await import(builtin)).basename("/a/b"),
          list: async () => [await load(list[0]), await load(list[1])],
          table: () => load(table["b"]),
          given: (name = "./x/a.ts") => load(name),
          condition: async () => (await import(Date.now() > 0 ? "./x/a.ts" : "./x/c.ts")).default,
          none: () => import(none).then(() => "there", (error) => error.code),
        };`,
        "app/common.cjs": `const name = "./x/a.ts"; exports.load = () => import(name);`,
        "app/uses.ts": `import c from "./common.cjs"; export const load = () => c.load();`,
        "app/x/a.ts": `import { b } from "../../b.ts"; export default "a" + b;`,
        "app/d.json": "[1]",
        "b.ts": `export const b: string = "b"; export default b;`,
      });
      const { fns } = await import(`file://${project.folder}/app/mod.ts`);
      const { load } = await import(`file://${project.folder}/app/uses.ts`);
      const here = import.meta.url;
      const text = "../fixture/even.ts";
      const byValue = async () => (await import("../" + "source/_using_programs.ts"), here);
      const named = async () => Object.keys(await import(text)).length > 0;
      await using tun = agent.open();
      const traffic = await spyOn(tun);
      for (const [name, fn] of Object.entries<() => Promise<unknown>>(fns)) {
        assertEquals(await tun.call(fn), await fn(), name);
      }
      assertEquals(await tun.call(async () => (await load()).default), "ab");
      assertEquals(await tun.call(byValue), here);
      assertEquals(await tun.call(named), true);
      assertEquals(traffic.imports, []);
    }),
  );
}
