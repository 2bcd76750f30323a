import { assertEquals, assertStringIncludes } from "@std/assert";
import { RemoteError } from "../../../mod.ts";
import { needing } from "../../services/services.ts";
import { rejectsAs } from "../_deadline.ts";
import { everyAgent, Hidden } from "../_hidden.ts";
import { makeProject } from "../_project.ts";

Deno.test(needing(
  ["deno", "node", "sudo"],
  "A package that another one looks for a native addon for says that it only runs here",
  async () => {
    await using project = await makeProject({
      "node_modules/finder/package.json": `{ "main": "index.cjs" }`,
      "node_modules/finder/index.cjs": `const fs = require("fs"); const path = require("path");
        module.exports = (folder) => {
          if (!fs.existsSync(path.join(folder, "package.json"))) throw new Error("no root");
          const [name] = fs.readdirSync(path.join(folder, "prebuilds"));
          if (name === undefined) throw new Error("no build was found");
          return require(path.join(folder, "prebuilds", name));
        };`,
      "node_modules/placed/package.json": "{}",
      "node_modules/placed/index.cjs": `exports.load = () => require("finder")(__dirname);`,
      "node_modules/placed/prebuilds/a.node": "not an addon",
      // It does not say where it is.
      "node_modules/found/package.json": "{}",
      "node_modules/found/index.cjs": `exports.load = () => require("finder")(module.path);`,
      "node_modules/found/prebuilds/a.node": "not an addon",
    });
    for (const name of ["placed", "found"]) {
      const { load } = await import(`file://${project.folder}/node_modules/${name}/index.cjs`);
      for (const options of Object.values(everyAgent())) {
        await using tun = new Hidden([project.folder], options);
        const { message } = await rejectsAs(RemoteError, tun.call(load as () => void));
        assertStringIncludes(message, `${name}/prebuilds/a.node`);
        assertStringIncludes(message, "a native addon only runs where it was installed");
      }
    }
  },
));

Deno.test(needing(
  ["deno", "node", "sudo"],
  "A package reads its package.json in the folders around its modules",
  async () => {
    await using project = await makeProject({
      "node_modules/up/package.json": `{ "main": "index.cjs" }`,
      "node_modules/up/index.cjs": `const fs = require("fs"); const path = require("path");
        exports.find = (name, folder) => {
          const file = path.join(folder, name);
          return fs.existsSync(file) ? fs.readFileSync(file, "utf8")
            : exports.find(name, path.dirname(folder));
        };
        exports.readPkgUp = (folder) => exports.find("package.json", folder);`,
      "node_modules/named/package.json": `{ "name": "named" }`,
      "node_modules/named/lib/deep/index.cjs": `const { find } = require("up");
        exports.read = () => find("package.json", __dirname);`,
      "node_modules/unnamed/package.json": `{ "name": "unnamed" }`,
      "node_modules/unnamed/lib/index.cjs": `const { readPkgUp } = require("up");
        exports.read = () => readPkgUp(__dirname);`,
    });
    for (const path of ["named/lib/deep", "unnamed/lib"]) {
      const { read } = await import(`file://${project.folder}/node_modules/${path}/index.cjs`);
      for (const options of Object.values(everyAgent())) {
        await using tun = new Hidden([project.folder], options);
        assertEquals(await tun.call(read), read());
      }
    }
  },
));

Deno.test(needing(
  ["deno", "node", "sudo"],
  "A package reads the text of a module of another one whose path it asks for",
  async () => {
    await using project = await makeProject({
      "node_modules/other/package.json": `{ "main": "main.js" }`,
      "node_modules/other/main.js": `module.exports = "text of a module";`,
      "node_modules/reader/index.cjs": `const fs = require("fs");
        const file = require.resolve("other");
        exports.read = () => fs.readFileSync(file, "utf8");`,
    });
    const path = `${project.folder}/node_modules/reader/index.cjs`;
    const { read } = await import(`file://${path}`);
    for (const options of Object.values(everyAgent())) {
      await using tun = new Hidden([project.folder], options);
      assertEquals(await tun.call(read), read());
    }
  },
));
