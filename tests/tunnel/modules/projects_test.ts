import { assertEquals } from "@std/assert";
import { command } from "../../services/command.ts";
import { needing } from "../../services/services.ts";
import { type Files, IMPORT_COMPARE, makeProject, runHidden, runProject } from "../_project.ts";
import type { Outcomes } from "../_compare.ts";

const OWN = {
  "acorn": "8.19.0",
  "cjs-module-lexer": "2.3.0",
  "es-module-lexer": "3.0.5",
  "fast-string-width": "3.0.2",
};

const SCRIPT = `${IMPORT_COMPARE}
  import { f } from "./f.ts";
  await compare({ f });`;

const USES_MS = `import ms from "ms"; export const f = () => ms("1d");`;

/** An entry script in a kind of project, and what installs its packages. */
interface Project {
  readonly files: Files;
  readonly install?: readonly string[];
  /** The folder of the entry script. */
  readonly folder?: string;
}

const json = JSON.stringify;

const PROJECTS: Readonly<Record<string, Project>> = {
  "nodeModulesDir manual": {
    files: {
      "deno.json": json({ nodeModulesDir: "manual" }),
      "package.json": json({ dependencies: { ...OWN, ms: "2.1.3" } }),
      "main.ts": SCRIPT,
      "f.ts": USES_MS,
    },
    install: ["install"],
  },
  "nodeModulesDir auto": {
    files: {
      "deno.json": json({ nodeModulesDir: "auto", imports: { ms: "npm:ms@2.1.3" } }),
      "main.ts": SCRIPT,
      "f.ts": USES_MS,
    },
  },
  "vendor": {
    files: {
      "deno.json": json({ vendor: true, imports: { ms: "npm:ms@2.1.3" } }),
      "main.ts": SCRIPT,
      "f.ts": USES_MS,
    },
    install: ["install", "--entrypoint", "main.ts"],
  },
  "a workspace": {
    files: {
      "deno.json": json({ workspace: ["./app", "./lib"] }),
      "app/deno.json": json({ name: "@x/app", exports: "./main.ts" }),
      "app/main.ts": SCRIPT,
      "app/f.ts": `import { day } from "@x/lib"; export const f = () => day();`,
      "lib/deno.json": json({
        name: "@x/lib",
        version: "1.0.0",
        exports: "./mod.ts",
        imports: { ms: "npm:ms@2.1.3" },
      }),
      "lib/mod.ts": `import ms from "ms"; export const day = (): number => ms("1d");`,
    },
    folder: "app",
  },
  "npm workspaces with imports and exports": {
    files: {
      "package.json": json({ workspaces: ["app", "lib"], dependencies: OWN }),
      "app/package.json": json({
        name: "app",
        type: "module",
        imports: { "#day": "./day.js" },
        dependencies: { lib: "*" },
      }),
      "app/main.ts": SCRIPT,
      "app/f.ts": `import { day } from "#day"; import { days } from "lib/days";
        export const f = () => days(day);`,
      "app/day.js": "export const day = 86400000;",
      "lib/package.json": json({
        name: "lib",
        version: "1.0.0",
        type: "module",
        exports: { "./days": "./src/days.js" },
      }),
      "lib/src/days.js": "export const days = (n) => n;",
    },
    install: ["install"],
    folder: "app",
  },
  "type: commonjs": {
    files: {
      "deno.json": json({ nodeModulesDir: "none" }),
      "package.json": json({ type: "commonjs", dependencies: { ms: "2.1.3" } }),
      "main.ts": SCRIPT,
      "f.ts": `import day from "./day.js"; export const f = () => day();`,
      "day.js": `const ms = require("ms"); module.exports = () => ms("1d");`,
    },
  },
  "a repository below an unrelated package.json": {
    files: {
      "package.json": json({ name: "unrelated", dependencies: { "left-pad": "1.3.0" } }),
      "repository/deno.json": json({ nodeModulesDir: "none", imports: { ms: "npm:ms@2.1.3" } }),
      "repository/main.ts": SCRIPT,
      "repository/f.ts": USES_MS,
    },
    folder: "repository",
  },
};

for (const [name, { files, install, folder = "." }] of Object.entries(PROJECTS)) {
  Deno.test(needing(["deno", "node", "sudo"], `call() works in ${name}`, async () => {
    await using project = await makeProject(files);
    if (install !== undefined) {
      const { success, stderr } = await command([Deno.execPath(), ...install], {
        cwd: project.folder,
      });
      assertEquals(success, true, stderr);
    }
    const outcomes: Outcomes = await runProject(`${project.folder}/${folder}`);
    assertEquals(outcomes, { f: 86_400_000 });
    assertEquals(await runHidden(project.folder, `${project.folder}/${folder}`), outcomes);
  }));
}
