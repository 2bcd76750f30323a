/**
 * Bundles the agent into `_bundle.ts`, and the parts that are sent when they are needed: the one
 * for values that are not plain into `_values_bundle.ts`, the one that loads modules into
 * `_modules_bundle.ts`, the one that runs CommonJS into `_commonjs_bundle.ts`, the one that works
 * on files into `_files_bundle.ts`, the one for files of the controller that are opened by path
 * into `_paths_bundle.ts`, the one that starts workers into `_workers_bundle.ts`, the one that
 * forwards sockets into `_sockets_bundle.ts`, and the one that continues traces into
 * `_traces_bundle.ts`. These are the forms in which they are sent to a host.
 *
 * ```sh
 * deno task bundle          # writes them
 * deno task bundle --check  # fails if one is stale
 * ```
 *
 * @module
 */

import { fileURLToPath, pathToFileURL } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
// Deno itself uses this bundler. It is only needed here, never by a user.
import * as esbuild from "npm:esbuild@0.28.2";
import { minify } from "npm:oxc-minify@0.145.0";

/**
 * What the bundle imports and many files need: each through a module of its own, so that the bundle
 * imports it once. The codec and the failures are those of the part for values; see `SentModules`.
 */
const IMPORTS: readonly (readonly [specifier: RegExp, module: string])[] = [
  [/\/codec\/(decode|encode)\.ts$/, 'export { decode, encode } from "chopsticks:codec";'],
  [/\/protocol\/failure\.ts$/, 'export { encodeFailure } from "chopsticks:failure";'],
  [/^node:crypto$/, 'export { createHash, randomBytes } from "node:crypto";'],
  [/^node:fs$/, 'export { default } from "node:fs";'],
  [/^node:net$/, 'export { default } from "node:net";'],
  [/^node:path$/, 'export { dirname, join, resolve } from "node:path";'],
];

/** Code of the agent that the part for modules uses, and does not bring again; see `loadPart()`. */
const SHARED: typeof IMPORTS = [
  [/\/codec\/plain\.ts$/, "export const { decodePlain } = shared;"],
  [/\/running_call\.ts$/, "export const { runningCall } = shared;"],
];

/** The same for the part for values. */
const VALUES_SHARED: typeof IMPORTS = [
  [/\/wire\/channel\.ts$/, "export const { ChannelReset } = shared;"],
];

/** The same for what is opened by path. */
const PATHS_IMPORTS: typeof IMPORTS = [
  [/^node:fs$/, 'export { default } from "node:fs";'],
];

/** Resolves {@linkcode IMPORTS}. */
const importedOnce = (imports: typeof IMPORTS): esbuild.Plugin => ({
  name: "imported once",
  setup(build): void {
    const namespace = "imported-once";
    build.onResolve({ filter: /./, namespace }, ({ path }) => ({ path, external: true }));
    for (const [filter, contents] of imports) {
      build.onResolve({ filter }, () => ({ path: contents, namespace }));
    }
    build.onLoad({ filter: /./, namespace }, ({ path }) => ({ contents: path }));
  },
});

/**
 * Has the agent take `process` from the globals: an import of `node:process` has Node make its
 * stdout and stderr, before the agent can replace them; see `blockOutput()`.
 */
const globalProcess: esbuild.Plugin = {
  name: "global process",
  setup(build): void {
    const namespace = "global-process";
    build.onResolve({ filter: /^node:process$/ }, ({ path }) => ({ path, namespace }));
    build.onLoad({ filter: /./, namespace }, () => ({
      contents: "export default globalThis.process;",
    }));
  },
};

/**
 * Has the numbers of frame types, flags, requests and the like stand in the bundle by themselves:
 * esbuild inlines the members of enums, but not those of constant objects.
 */
const inlined: esbuild.Plugin = {
  name: "inlined",
  setup(build): void {
    build.onLoad({ filter: /\/(agent|codec)\/.*\.ts$/ }, async ({ path }) => ({
      contents: inlineConstants(await Deno.readTextFile(path)),
      loader: "ts",
    }));
  },
};

function inlineConstants(code: string): string {
  return code.replace(
    /^export const (\w+) = \{([^]*?)\} as const;$/gm,
    (_, name, members) => `export enum ${name} {${members.replace(/\b([A-Z_]+): /g, "$1 = ")}}`,
  );
}

/**
 * Leaves out a defence that an agent does not need, as it trusts its controller; see `Agent`. And
 * the texts of errors that nobody would see: an agent to which garbage comes just ends.
 */
const trusting: esbuild.Plugin = {
  name: "trusting",
  setup(build): void {
    build.onLoad({ filter: /\/codec\/_hash_chains\.ts$/ }, () => ({
      contents: "export class HashChains { add() { return 0; } } export const nextGap = () => 1e9;",
    }));
    build.onLoad({ filter: /\/agent\/wire\/.*\.ts$/ }, async ({ path }) => ({
      contents: inlineConstants(await Deno.readTextFile(path)).replace(
        /new ProtocolError\(\s*(`[^`]*`|"[^"]*"),?\s*\)/g,
        'new ProtocolError("")',
      ),
      loader: "ts",
    }));
  },
};

/**
 * Leaves out what makes nothing that is used. Only files that are imported for what they do, and
 * not for what they export, have side effects.
 */
const usedOnly: esbuild.Plugin = {
  name: "used only",
  setup(build): void {
    build.onResolve({ filter: /^\.\.?\// }, ({ path, importer }) => ({
      path: fileURLToPath(new URL(path, pathToFileURL(importer))),
      sideEffects: path.endsWith("/disposal_globals.ts"),
    }));
  },
};

/** Makes the contents of the generated files. */
async function build(): Promise<Map<URL, string>> {
  try {
    return new Map([
      [
        new URL("./_bundle.ts", import.meta.url),
        asCompressed("BUNDLE", await bundle("./main.ts", [trusting, inlined], "script")),
      ],
      [
        new URL("./_values_bundle.ts", import.meta.url),
        asCompressed(
          "VALUES_BUNDLE",
          await bundle("./values.ts", [importedOnce(VALUES_SHARED), trusting, inlined], "part"),
        ),
      ],
      [
        new URL("./_files_bundle.ts", import.meta.url),
        asText(
          "FILES",
          await bundle("./file_service.ts", [importedOnce(IMPORTS), globalProcess, inlined]),
        ),
      ],
      [
        new URL("./_modules_bundle.ts", import.meta.url),
        asText(
          "MODULES",
          await bundle("./modules.ts", [importedOnce(SHARED), inlined], "part"),
        ),
      ],
      [
        new URL("./_commonjs_bundle.ts", import.meta.url),
        asText("COMMONJS", await bundle("./commonjs.ts", [globalProcess, inlined])),
      ],
      [
        new URL("./_workers_bundle.ts", import.meta.url),
        asText("WORKERS", await bundle("./workers.ts", [globalProcess, inlined])),
      ],
      [
        new URL("./_traces_bundle.ts", import.meta.url),
        asText("TRACES", await bundle("./trace_service.ts", [globalProcess, inlined])),
      ],
      [
        new URL("./_sockets_bundle.ts", import.meta.url),
        asText(
          "SOCKETS",
          await bundle("./socket_service.ts", [importedOnce(IMPORTS), globalProcess, inlined]),
        ),
      ],
      [
        new URL("./_paths_bundle.ts", import.meta.url),
        asText(
          "PATHS",
          await bundle("./file_paths.ts", [importedOnce(PATHS_IMPORTS), globalProcess, inlined]),
        ),
      ],
    ]);
  } finally {
    await esbuild.stop();
  }
}

/**
 * Makes a module of a file, or a script, whose value has what the file exports, or is a function
 * that gives that for what it shares with the agent.
 */
async function bundle(
  entry: string,
  plugins: esbuild.Plugin[],
  form: "module" | "script" | "part" = "module",
): Promise<Uint8Array> {
  const isScript = form !== "module";
  const { outputFiles } = await esbuild.build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node18",
    charset: "utf8",
    legalComments: "none",
    tsconfigRaw: "{}",
    plugins: [...plugins, usedOnly],
  });
  const { contents, text } = outputFiles[0]!;
  return isScript ? asExpression(await shortened(text), form === "part") : contents;
}

/**
 * Minifies a module once more. Oxc gives names that compress 3% better than those of esbuild, which
 * a first call needs to stay below 16 KB. The text becomes ASCII; see `FIRST_STAGE`.
 */
async function shortened(text: string): Promise<string> {
  const { code, errors } = await minify("agent.mjs", text, { compress: { target: "es2022" } });
  if (errors.length > 0) throw new Error(errors[0]!.message);
  return code.replace(
    /[^\0-\x7f]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Built-ins that the agent keeps: if a function replaced them, no answer could be sent. */
const OWN = "queueMicrotask,Math";
const OWN_VALUES = "queueMicrotask,Object.create(null,Object.getOwnPropertyDescriptors(Math))";

/**
 * A script whose value has what a module exports, under the agent's name. A script of esbuild's own
 * would begin with what it needs to look like a module, most of which is of no use.
 */
function asExpression(text: string, isPart: boolean): Uint8Array {
  const [, body, names] = /^(.*)export\{([^{}]*)\};\s*$/s.exec(text)!;
  const exported = names!.replace(/([\w$]+) as ([\w$]+)/g, "$2:$1");
  const code = `${body}return{${exported}}`;
  return new TextEncoder().encode(
    `"use strict";${
      isPart ? `shared=>(()=>{${code}})()` : `((${OWN})=>{${code}})(${OWN_VALUES})`
    }\n//# sourceURL=chopsticks:agent`,
  );
}

function asCompressed(name: "BUNDLE" | "VALUES_BUNDLE", contents: Uint8Array): string {
  const [file, about] = name === "BUNDLE"
    ? ["main.ts", "The agent"]
    : ["values.ts", "An agent's part for values that are not plain"];
  const compressed = brotliCompressSync(contents, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: contents.length,
    },
  });
  return `// Made by \`deno task bundle\` from ${file} in this folder. Do not edit.

/** ${about}: a script, compressed with Brotli, in base64. */
export const ${name}: string =
  "${compressed.toString("base64")}";
`;
}

/** Keeps the code as it is: it is compressed when it is sent, like all modules. */
function asText(
  name: "FILES" | "PATHS" | "WORKERS" | "COMMONJS" | "SOCKETS" | "MODULES" | "TRACES",
  contents: Uint8Array,
): string {
  const { file, about } = {
    FILES: { file: "file_service.ts", about: "What an agent does with files" },
    PATHS: { file: "file_paths.ts", about: "How files of the controller are opened by path" },
    SOCKETS: { file: "socket_service.ts", about: "How an agent forwards sockets" },
    TRACES: { file: "trace_service.ts", about: "How an agent continues traces" },
    MODULES: { file: "modules.ts", about: "How modules are loaded" },
    COMMONJS: { file: "commonjs.ts", about: "How CommonJS modules are run" },
    WORKERS: { file: "workers.ts", about: "How workers of modules that were sent are started" },
  }[name];
  return `// Made by \`deno task bundle\` from ${file} in this folder. Do not edit.

/** ${about}: ${name === "MODULES" ? "a script" : "an ECMAScript module"}. */
export const ${name}_BUNDLE: string =
  ${JSON.stringify(new TextDecoder().decode(contents))};
`;
}

if (import.meta.main) {
  const isCheck = Deno.args.includes("--check");
  for (const [target, text] of await build()) {
    const name = target.pathname.split("/").at(-1);
    if (!isCheck) {
      await Deno.writeTextFile(target, text);
      console.log(`agent/${name}: ${text.length} characters`);
    } else if (text !== await Deno.readTextFile(target)) {
      console.error(`agent/${name} is stale: run deno task bundle`);
      Deno.exitCode = 1;
    }
  }
}
