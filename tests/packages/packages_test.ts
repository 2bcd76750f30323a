import { assertEquals } from "@std/assert";
import { needing, service } from "../services/services.ts";
import { checkPackage } from "./_check.ts";
import { packageCases } from "./_list.ts";

Deno.test(
  needing(["sudo", "node"], "packages do at a hidden far end what they do here", async () => {
    // Some of the packages need what Node 18 lacks.
    const { paths } = service("node");
    const cases = (await packageCases()).filter(({ inGate }) => inGate);
    assertEquals(cases.length, 10);
    for (const one of cases) {
      assertEquals(await checkPackage(one, [paths["20"], paths["26"]]), undefined);
    }
  }),
);
