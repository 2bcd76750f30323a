import { assert } from "@std/assert";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { BUNDLE } from "../../agent/_bundle.ts";
import { FIRST_STAGE } from "../../tunnel/connection/first_stage.ts";

Deno.test("BUNDLE is made of what is in agent/ and codec/ now", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", fileURLToPath(import.meta.resolve("../../agent/_build.ts")), "--check"],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
});

Deno.test("BUNDLE is small, and imports nothing but what every runtime has", () => {
  const compressed = Buffer.from(BUNDLE, "base64");
  assert(compressed.length < 12 * 1024, `${compressed.length} bytes`);
  const code = brotliDecompressSync(compressed).toString();
  const imports = [...code.matchAll(/\bimport\(["'`]([^"'`]+)["'`]\)/g)];
  assert(imports.length > 0);
  for (const [, specifier] of imports) assert(specifier!.startsWith("node:"), specifier);
  // The first stage decodes each chunk by itself, which must not end within a character.
  assert(!/[\u0080-\uffff]/.test(code));
});

Deno.test("FIRST_STAGE is under 1 KB", () => {
  const size = new TextEncoder().encode(FIRST_STAGE).length;
  assert(size < 1024, `${size} bytes`);
});
