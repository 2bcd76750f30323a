import { assertEquals, assertThrows } from "@std/assert";
import { checkFacts, factColumns, type Facts } from "../../cli/fact_columns.ts";
import { FACT_NAMES, hostFacts } from "../../cli/host_facts.ts";

/** Arrays within arrays: a text of them would never end. */
const ENDLESS = Array.from({ length: 60 }).reduce<unknown>((inner) => [inner, inner], "x");

Deno.test("checkFacts() takes what a host tells, and nothing of which there are no columns", async () => {
  const facts = await hostFacts(FACT_NAMES);
  for (const names of [[], FACT_NAMES]) checkFacts(facts, names);
  const { length } = FACT_NAMES;
  const columns = factColumns(facts as Partial<Facts>, FACT_NAMES);
  assertEquals(Object.values(columns).map((text) => typeof text), Array(length + 2).fill("string"));
  const disk = { mountPoint: "/", available: 1, size: 2 };
  for (
    const told of [
      ...[undefined, null, "text", 5, [], {}],
      ...[{ disks: null }, { disks: {} }, { disks: [null] }, { disks: [{ ...disk, size: 1n }] }],
      ...[{ disks: [{ ...disk, mountPoint: ENDLESS }] }, { disks: ENDLESS }],
    ]
  ) {
    assertThrows(() => checkFacts(told, ["disks"]), TypeError, "It does not tell its facts");
  }
  checkFacts({ disks: [disk] }, ["disks"]);
});
