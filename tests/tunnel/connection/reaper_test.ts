import { assertEquals } from "@std/assert";
import { needing, POSIX_SHELLS, service } from "../../services/services.ts";
import { runAlone } from "./_alone.ts";

for (const shell of POSIX_SHELLS) {
  Deno.test(needing("posixShells", `Reaper kills a group and nothing else, ${shell}`, async () => {
    const said = await runAlone("reap.ts", service("posixShells").paths[shell]);
    assertEquals(said, "bystander true, target false");
  }));
}
