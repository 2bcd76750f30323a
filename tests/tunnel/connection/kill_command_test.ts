import { assertEquals } from "@std/assert";
import { needing, POSIX_SHELLS, service } from "../../services/services.ts";
import { runAlone } from "./_alone.ts";

for (const shell of POSIX_SHELLS) {
  const name = `killCommand() kills an agent's group and nothing else, ${shell}`;
  Deno.test(needing("posixShells", name, async () => {
    const said = await runAlone("kill.ts", service("posixShells").paths[shell]);
    assertEquals(said, "bystander true, target false");
  }));
}
