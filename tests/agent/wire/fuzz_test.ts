import { assert } from "@std/assert";
import { slow } from "../../services/services.ts";
import { fuzz } from "./_fuzz.ts";

Deno.test(slow("whatever frames and values arrive, both ends stay whole and small", async () => {
  // In processor time, which other programs do not use up. A hundred times as many are run by hand.
  const { frames, closed, values, refused, longest, memory, slowest } = await fuzz(100_000, 7);
  assert(closed > frames / 100 && closed < frames / 2, `${closed} of ${frames} frames end it`);
  assert(values > 1000 && refused > 1000, `${values} values can be read, ${refused} cannot`);
  assert(longest < 100, `${longest} ms: ${slowest}`);
  assert(memory < 512 * 2 ** 20, `${memory} bytes`);
}));
