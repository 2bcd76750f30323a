import { assert, assertEquals } from "@std/assert";
import { inflateRawSync } from "node:zlib";
import { deflated } from "../../../tunnel/session/deflated.ts";

const bytesOf = (seed: number, size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => (i * seed) % 251);

Deno.test("deflated() compresses the same bytes once, and others by themselves", () => {
  const first = deflated(bytesOf(3, 5000));
  for (let seed = 1; seed <= 9; seed++) {
    for (const size of [0, 1, 5000, 400_000]) {
      const bytes = bytesOf(seed, size);
      assertEquals(new Uint8Array(inflateRawSync(deflated(bytes))), bytes);
    }
  }
  const again = deflated(bytesOf(3, 5000));
  assert(again !== first, "it keeps everything");
  for (let i = 0; i < 10; i++) assert(deflated(bytesOf(3, 5000)) === again);
  assert(deflated(bytesOf(3, 400_000)) !== deflated(bytesOf(3, 400_000)), "it keeps much");
});
