import { assertEquals } from "@std/assert";
import { needing, POSIX_SHELLS, service } from "../../services/services.ts";
import { runAlone } from "./_alone.ts";

for (const shell of POSIX_SHELLS) {
  Deno.test(needing("posixShells", `Reaper kills a group and nothing else, ${shell}`, async () => {
    const said = await runAlone("reap.ts", service("posixShells").paths[shell]);
    assertEquals(said, "bystander true, target false");
  }));

  const name = `Reaper has one shell for all, which kills those that are left, ${shell}`;
  Deno.test(needing("posixShells", name, async () => {
    const said = await runAlone("reap_many.ts", service("posixShells").paths[shell]);
    assertEquals(said, "1 shells, left: 10 11 12 13 14 15 16 17 18 19");
  }));
}

Deno.test(
  needing("posixShells", "Reaper has another shell in place of one that was killed", async () => {
    const said = await runAlone("reap_many.ts", service("posixShells").paths.bash, ["killed"]);
    assertEquals(said, "1 shells, left: 10 11 12 13 14 15 16 17 18 19");
  }),
);
