import { assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { Local, RemoteError } from "../../../mod.ts";
import { needing } from "../../services/services.ts";
import { rejectsAs } from "../_deadline.ts";
import { everyAgent, Hidden } from "../_hidden.ts";
import { makeProject } from "../_project.ts";

const MODULE = `
import fs from "node:fs";
const file = new URL("./own.txt", import.meta.url);
const path = import.meta.dirname + "/data/a.bin";
export const exist = async () => [
  fs.existsSync(file),
  fs.existsSync(path),
  fs.existsSync(new URL("./data/", import.meta.url)),
  fs.existsSync(new URL("./none.txt", import.meta.url)),
  fs.statSync(file).size,
  fs.statSync(path, { throwIfNoEntry: false })?.isFile(),
  await fs.promises.access(file).then(() => true, () => false),
  await new Promise((done) => fs.exists(path, done)),
];
export const reads = {
  readFileSync: () => fs.readFileSync(file, "utf8"),
  readFile: () => fs.promises.readFile(path, "utf8"),
  readdirSync: () => fs.readdirSync(new URL("./data/", import.meta.url)),
  cpSync: () => fs.cpSync(new URL("./data", import.meta.url), "/tmp/none", { recursive: true }),
  fetch: async () => await (await fetch(file)).text(),
};
export const write = () => {
  fs.mkdirSync(new URL(".", import.meta.url), { recursive: true });
  fs.writeFileSync(file, "of the far end");
  return [fs.existsSync(file), fs.readFileSync(file, "utf8")];
};
export const fetchAny = async (url) => await (await fetch(url)).text();
`;
const ITSELF = `
const fs = require("fs");
exports.exist = () => [
  fs.existsSync(__filename),
  fs.existsSync(__dirname),
  fs.existsSync(__filename + "x"),
  fs.statSync(__filename).isFile(),
  fs.realpathSync(__filename) === __filename,
];
exports.reads = [() => fs.readFileSync(__filename), () => fs.readdirSync(__dirname)];
`;
const FETCHES = "export const load = async (url) => await (await fetch(url)).text();";

Deno.test(needing(
  ["deno", "node", "sudo"],
  "Files beside a module exist where the disk is hidden, and reading them says what brings them",
  async () => {
    await using project = await makeProject({
      "main.js": MODULE,
      "plain.js": FETCHES,
      "own.txt": "own",
      "data/a.bin": "a",
    });
    const { folder } = project;
    const { exist, reads, write, fetchAny } = await import(`file://${folder}/main.js`);
    const { load } = await import(`file://${folder}/plain.js`);
    const url = `file://${folder}/own.txt`;
    const here = await exist();
    assertEquals(here, [true, true, true, false, 3, true, true, true]);
    for (const [name, options] of Object.entries(everyAgent())) {
      await using tun = new Hidden([folder], { ...options, stderr: () => {} });
      const error = await rejectsAs(RemoteError, tun.call(load, url));
      assertStringIncludes(error.message, "by the option include");
      assertEquals(await tun.call(exist), here, name);
      for (const read of Object.values(reads) as (() => unknown)[]) {
        const { message } = await rejectsAs(RemoteError, tun.call(read));
        assertStringIncludes(message, "it is at the controller, and was not sent along");
      }
      const { message } = await rejectsAs(RemoteError, tun.call(fetchAny, `${url}.none`));
      assertEquals([/no such file/i.test(message), message.includes("include")], [true, false]);
      // What is on the disk there counts.
      assertEquals(await tun.call(write), [true, "of the far end"]);
      await using sent = new Hidden([folder], { ...options, include: [url] });
      assertEquals(await sent.call(exist), here);
      assertEquals(await sent.call(reads.fetch), "own");
      await using local = new Local("here", options);
      assertEquals([await local.call(reads.fetch), await local.call(exist)], ["own", here]);
    }
  },
));

Deno.test(needing(
  ["deno", "node", "sudo"],
  "A module and its folder exist where the disk is hidden, and reading them says what brings them",
  async () => {
    await using project = await makeProject({ "a folder/itself.cjs": ITSELF });
    const { folder } = project;
    const { exist, reads } = await import(`file://${folder}/a%20folder/itself.cjs`);
    assertEquals(exist(), [true, true, false, true, true]);
    for (const options of Object.values(everyAgent())) {
      await using tun = new Hidden([folder], options);
      assertEquals(await tun.call(exist), exist());
      for (const read of reads as (() => unknown)[]) {
        const { message } = await rejectsAs(RemoteError, tun.call(read));
        assertStringIncludes(message, "it is at the controller, and was not sent along");
      }
    }
  },
));

Deno.test(needing(
  ["deno", "node", "sudo"],
  "The code of a function that goes by value finds what is beside its script",
  async () => {
    const fixture = new URL("../fixture/", import.meta.url).pathname;
    for (const options of Object.values(everyAgent())) {
      await using tun = new Hidden([fixture], options);
      const found = await tun.call(() => [
        existsSync(new URL("../fixture/data.json", import.meta.url)),
        existsSync(new URL("../fixture/none.json", import.meta.url)),
      ]);
      assertEquals(found, [true, false]);
      assertEquals(
        await tun.call(() => Object.keys(import.meta).sort()),
        Object.keys(import.meta).sort(),
      );
    }
  },
));

Deno.test(needing("node", "import() of JSON needs its attribute there, too", async () => {
  await using project = await makeProject({
    "a.json": '{ "a": 1 }',
    "main.js": `
      const outcome = (loaded) => loaded.then((one) => one.default, ({ name, code }) => [name, code]);
      const name = "./a.json";
      export const load = () => Promise.all([
        import("./a.json"),
        import("./a.json", { with: { type: "json" } }),
        import(name),
        import(name, { with: { type: "json" } }),
      ].map(outcome));
    `,
  });
  const { load } = await import(`file://${project.folder}/main.js`);
  const here = await load();
  assertEquals(here[0], ["TypeError", "ERR_MODULE_NOT_FOUND"]);
  for (const options of Object.values(everyAgent())) {
    await using tun = new Local("here", options);
    assertEquals(await tun.call(load), here);
  }
}));
