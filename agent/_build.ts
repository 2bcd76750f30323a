/**
 * Bundles the agent into `_bundle.ts`, the form in which it is sent to a host.
 *
 * ```sh
 * deno task bundle          # writes it
 * deno task bundle --check  # fails if it is stale
 * ```
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
// The bundler that Deno itself uses; it is needed here only, never by a user.
import * as esbuild from "npm:esbuild@0.28.2";

const TARGET = new URL("./_bundle.ts", import.meta.url);

/** The text that `_bundle.ts` should have. */
export async function buildBundle(): Promise<string> {
  try {
    const { outputFiles } = await esbuild.build({
      entryPoints: [fileURLToPath(new URL("./main.ts", import.meta.url))],
      bundle: true,
      write: false,
      minify: true,
      format: "esm",
      platform: "node",
      target: "node18",
      charset: "utf8",
      legalComments: "none",
      tsconfigRaw: "{}",
    });
    const { contents } = outputFiles[0]!;
    const compressed = brotliCompressSync(contents, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_SIZE_HINT]: contents.length,
      },
    });
    return `// Made by \`deno task bundle\` from main.ts in this folder. Do not edit.

/** The agent: an ECMAScript module, compressed with Brotli, in base64. */
export const BUNDLE: string =
  "${compressed.toString("base64")}";
`;
  } finally {
    await esbuild.stop();
  }
}

if (import.meta.main) {
  const text = await buildBundle();
  if (Deno.args.includes("--check")) {
    if (text !== await Deno.readTextFile(TARGET)) {
      console.error("agent/_bundle.ts is stale: run deno task bundle");
      Deno.exit(1);
    }
  } else {
    await Deno.writeTextFile(TARGET, text);
    console.log(`agent/_bundle.ts: ${Math.round(text.length * 0.75)} bytes compressed`);
  }
}
