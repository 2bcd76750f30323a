import { assertEquals } from "@std/assert";
import { kindNamed } from "../_kinds.ts";
import { needing } from "../../services/services.ts";
import { runPrograms, type Tally, writePrograms } from "./_program_run.ts";
import { printed } from "./_program_scope.ts";

/** Programs that follow each other are loaded together. */
const BATCH = 10;

for (const [name, count] of [["Local, Deno", 250], ["Local, Node 18", 50]] as const) {
  const { needs, open } = kindNamed(name);
  Deno.test(needing(needs, `${name}: ${count} random programs do what they do here`, async () => {
    await using tunnel = open();
    const tally: Tally = { calls: 0, refusals: [], mismatches: [] };
    for (let seed = 0; seed < count; seed += BATCH) {
      await runPrograms(writePrograms(seed, BATCH), tunnel, tally);
    }
    const shown = tally.mismatches.map(({ program, here, there }) =>
      `${program.seed}, ${program.mode}\n${printed(program.pieces)}\n${here}\nthere: ${there}`
    );
    assertEquals(shown, []);
    assertEquals(tally.calls > count, true);
  }));
}
