/**
 * Functions that packages of npm have made, such as debounced and curried ones, called by scripts
 * that capture them: each gives there what it gives here, or is refused. They are tested as the
 * packages have them, and in a bundle that esbuild has made and minified, where all code goes by
 * value.
 *
 * Most packages are used by `more.ts` only, for which 70 packages are downloaded. It is run on Deno
 * and on Node if `CHOPSTICKS_ALL_PACKAGES` is set, which takes some minutes:
 *
 * ```sh
 * CHOPSTICKS_ALL_PACKAGES=1 deno test -A tests/tunnel/closure/package_functions_test.ts
 * ```
 */

import { assertEquals } from "@std/assert";
import * as esbuild from "npm:esbuild@0.28.2";
import { command, which } from "../../services/command.ts";
import type { Outcome } from "../fixture/package_functions/_run.ts";
import { makeProject } from "../_project.ts";

const FOLDER = new URL("../fixture/package_functions/", import.meta.url);
const hasAll = Deno.env.has("CHOPSTICKS_ALL_PACKAGES");

/** It has an instance of a class: only the class knows how to make one like it. */
const INSTANCE = / an? [\w$]+, which has no copy; make it inside/;
/** Nothing tells where it is, and where it goes. */
const ITERATOR = / is an iterator, which has no copy;/;
/** Nothing tells what a Proxy does. */
const PROXY = / is a Proxy, which has no copy; make it inside/;
/** It is an arrow function in the constructor of a class, whose instance it uses. */
const THIS = / it uses `this` or `arguments` of the function around it;/;
/** V8 is not asked which functions share a scope while a large heap would make that slow. */
const DOUBT = / V8 does not tell which of several functions share variable /;

/** The functions that are refused on purpose, with the reason. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  "lodash: memoized, with its cache": INSTANCE,
  "lodash: curried": INSTANCE,
  "lodash: partially applied": INSTANCE,
  "lodash: iteratees": INSTANCE,
  "p-limit: a limiter": INSTANCE,
  "handlebars: a compiled template": INSTANCE,
  "zod: a captured schema": INSTANCE,
  "zod: a schema's method": INSTANCE,
  "lodash-es: memoized": INSTANCE,
  "lodash/fp: a pipeline": ITERATOR,
  "es-toolkit: a semaphore": INSTANCE,
  "radash: proxied": PROXY,
  "immer: a curried producer": INSTANCE,
  "eventemitter3: an emitter": INSTANCE,
  "p-queue: a queue": INSTANCE,
  "fast-memoize: a memoized function": INSTANCE,
  "bluebird: promisified": INSTANCE,
  "signals: a computed value": INSTANCE,
  "rxjs: a subject": INSTANCE,
  "superstruct: a struct": INSTANCE,
  "ajv: a compiled schema": INSTANCE,
  "dayjs: a captured date": INSTANCE,
  "moment: a captured date": INSTANCE,
  "luxon: a captured date": INSTANCE,
  "fuse.js: a search": INSTANCE,
  "decimal.js: a captured number": INSTANCE,
  "seedrandom: a generator": INSTANCE,
  "seedrandom: with its state": INSTANCE,
  "d3-scale: an ordinal scale": INSTANCE,
  "d3-format: a format": INSTANCE,
  "quick-lru: a cache": INSTANCE,
};

/** Those that are refused in a bundle, where modules are captured with their state. */
const REFUSED_IN_BUNDLE: Readonly<Record<string, RegExp>> = {
  ...REFUSED,
  "semver: bound": INSTANCE,
  "zod: a schema that is made inside": INSTANCE,
  "lodash-es: the namespace": INSTANCE,
  "remeda: a pipeline": PROXY,
  "immer: produce inside": THIS,
  "rxjs: operators": INSTANCE,
  "moment: inside": INSTANCE,
  "luxon: inside": INSTANCE,
  "mustache: rendered": INSTANCE,
  "marked: inside": INSTANCE,
  "decimal.js, big.js: inside": INSTANCE,
  "lru-cache: made inside": INSTANCE,
};

/** The script with its packages imported, for a folder of its own. */
async function scriptOf(name: string): Promise<string> {
  const source = await Deno.readTextFile(new URL(name, FOLDER));
  return source
    .replaceAll(/^const (\w+) = await load\("(.+)"\);$/gm, 'import * as $1 from "npm:$2";')
    .replaceAll('from "./', `from "${FOLDER}`);
}

/** Bundles a script: all that it needs of the packages in `folder`, and nothing of the library. */
async function bundle(script: string, folder: string, outfile: string): Promise<void> {
  try {
    await esbuild.build({
      entryPoints: [script],
      outfile,
      bundle: true,
      minify: true,
      format: "esm",
      platform: "node",
      logLevel: "error",
      tsconfigRaw: "{}",
      banner: {
        js:
          'import{createRequire as $$create}from"node:module";const require=$$create("file:///");',
      },
      plugins: [{
        name: "packages",
        setup({ onResolve, resolve }): void {
          onResolve({ filter: /^file:/ }, ({ path }) => ({ path, external: true }));
          onResolve({ filter: /^npm:/ }, ({ path, kind }) => {
            const bare = path.replace(/^npm:((?:@[^/]+\/)?[^@/]+)@[^/]+/, "$1");
            return resolve(bare, { resolveDir: folder, kind });
          });
        },
      }],
    });
  } finally {
    await esbuild.stop();
  }
}

/** Runs a script, which has to succeed, and gives what came of its functions. */
async function run(path: string, cwd: string, ...args: string[]): Promise<Outcome[]> {
  // What is downloaded the first time is told on stderr otherwise.
  const flags = ["run", "-A", "--quiet", "--no-check", "--no-config", "--no-lock"];
  const { success, stdout, stderr } = await command(
    [Deno.execPath(), ...flags, path, ...args],
    { cwd },
  );
  assertEquals([success, stderr], [true, ""]);
  return JSON.parse(stdout);
}

/** Every refusal names the function, what cannot be sent, what to do instead, and the place. */
const REFUSAL = /^Cannot send function .+: .+; .+ \(file:\/\/\/.+:\d+:\d+\)$/;

/** The outcomes that are neither the same here and there nor refused on purpose. */
function faultsOf(outcomes: readonly Outcome[], isBundle: boolean): Outcome[] {
  const refused = isBundle ? REFUSED_IN_BUNDLE : REFUSED;
  return outcomes.filter(({ name, here, there, error }) => {
    if (error === undefined) return here !== there || Object.hasOwn(refused, name);
    const isOnPurpose = refused[name]?.test(error) || isBundle && DOUBT.test(error);
    return !isOnPurpose || !REFUSAL.test(error);
  });
}

for (const name of hasAll ? ["first.ts", "more.ts"] : ["first.ts"]) {
  Deno.test(`call() sends the functions that packages have made in ${name}`, async (t) => {
    await using project = await makeProject({
      "main.ts": await scriptOf(name),
      "deno.json": JSON.stringify({ nodeModulesDir: "auto" }),
    });
    const { folder } = project;
    const [script, bundled] = [`${folder}/main.ts`, `${folder}/bundle.js`];
    const node = hasAll ? which("node") : undefined;
    const agents = node === undefined ? [[]] : [[], [node]];

    await t.step("as they are", async () => {
      for (const args of agents) {
        assertEquals(faultsOf(await run(script, folder, ...args), false), []);
      }
    });

    await t.step("in a bundle", async () => {
      const install = ["install", "--quiet", "--no-lock", "--entrypoint", "main.ts"];
      const installed = await command([Deno.execPath(), ...install], { cwd: folder });
      assertEquals(installed.problem, "");
      await bundle(script, folder, bundled);
      for (const args of agents) {
        assertEquals(faultsOf(await run(bundled, folder, ...args), true), []);
      }
    });
  });
}
