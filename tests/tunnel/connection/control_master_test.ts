import { assertEquals } from "@std/assert";
import { SSHTunnel } from "../../../mod.ts";
import { command } from "../../services/command.ts";
import { needing, service } from "../../services/services.ts";
import { soon } from "../_deadline.ts";

Deno.test(
  needing(["ssh", "deno"], "a tunnel's ssh is never the master of other sessions", async () => {
    const { config, hosts } = service("ssh");
    const host = hosts[0]!;
    const folder = await Deno.makeTempDir();
    try {
      const own = `${folder}/config`;
      const shared = `Host *\n  ControlMaster auto\n  ControlPath ${folder}/m\n`;
      await Deno.writeTextFile(own, shared + await Deno.readTextFile(config));
      const options = { sshArgs: ["-F", own], deno: service("deno").path };
      await using first = new SSHTunnel(host, options);
      await using second = new SSHTunnel(host, options);
      await soon(first.connect(), "the first connection");
      await soon(second.connect(), "the second connection");
      // A session of the user's ends when its stdin does, unless its master is gone before.
      const session = new Deno.Command("ssh", {
        args: ["-F", own, host, "echo begun; cat"],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const reader = session.stdout.getReader();
      await soon(reader.read(), "the beginning of the user's session");
      await soon(first.close(), "the first tunnel's end");
      assertEquals(await soon(second.call(() => "alive"), "the second tunnel's answer"), "alive");
      await session.stdin.close();
      while (!(await soon(reader.read(), "the end of the user's session")).done);
      assertEquals((await session.status).code, 0);
      // The user's session is the master, if any was.
      await soon(
        command(["ssh", "-F", own, "-O", "exit", host]).catch(() => {}),
        "the master's end",
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }),
);
