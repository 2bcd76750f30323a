import { assert } from "@std/assert";
import { slow } from "../services/services.ts";

const CONSUMER = import.meta.resolve("./consumer.ts");

/** What projects set, beside Deno's own options, which are strict. */
const OPTIONS: Readonly<Record<string, Record<string, unknown>>> = {
  "as Deno sets them": {},
  "as strict as can be": {
    allowUnreachableCode: false,
    allowUnusedLabels: false,
    exactOptionalPropertyTypes: true,
    noFallthroughCasesInSwitch: true,
    noImplicitOverride: true,
    noImplicitReturns: true,
    noPropertyAccessFromIndexSignature: true,
    noUncheckedIndexedAccess: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    types: [],
    verbatimModuleSyntax: true,
  },
  "not strict": { strict: false },
  "without checks of null": {
    strictFunctionTypes: false,
    strictNullChecks: false,
    strictPropertyInitialization: false,
    useUnknownInCatchVariables: false,
  },
  "for pages, too": {
    experimentalDecorators: true,
    jsx: "react-jsx",
    jsxImportSource: "npm:preact",
    lib: ["deno.ns", "dom", "dom.iterable", "dom.asynciterable", "esnext"],
  },
};

for (const [name, compilerOptions] of Object.entries(OPTIONS)) {
  Deno.test(slow(`the library can be imported by path, with options ${name}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const config = `${folder}/deno.json`;
      await Deno.writeTextFile(config, JSON.stringify({ compilerOptions }));
      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["check", "--no-lock", `--config=${config}`, CONSUMER],
        env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      }).output();
      assert(success, new TextDecoder().decode(stderr));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }));
}
