import { assertEquals } from "@std/assert";
import { SSHTunnel } from "../../../mod.ts";
import { needing, service } from "../../services/services.ts";
import { soon } from "../_deadline.ts";

Deno.test(
  needing(["ssh", "deno"], "options of ssh_config that undo a command do no harm", async (t) => {
    const { config } = service("ssh");
    const folder = await Deno.makeTempDir();
    try {
      const own = `${folder}/config`;
      const lines = [
        ...["RemoteCommand tmux a", "StdinNull yes", "ForkAfterAuthentication yes"],
        ...["SessionType none", "SessionType subsystem", "RequestTTY force"],
      ];
      for (const line of lines) {
        await t.step(line, async () => {
          const text = await Deno.readTextFile(config);
          await Deno.writeTextFile(own, `Host *\n  ${line}\n${text}`);
          await using tun = new SSHTunnel("host1", {
            sshArgs: ["-F", own],
            deno: service("deno").path,
          });
          assertEquals(await soon(tun.call(Math.max, 1, 2), line), 2);
        });
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }),
);
