import { assertEquals } from "@std/assert";
import { ConnectionError, type FileProgress } from "../../../mod.ts";
import { needing } from "../../services/services.ts";
import { rejectsAs, soon } from "../_deadline.ts";
import type { Bare } from "./_bare.ts";
import { Folders, untilNothingIn } from "./_folders.ts";

/** Runs a controller that kills itself; see the fixture. */
async function killedController(...args: string[]): Promise<void> {
  const script = new URL("../fixture/provision_controller.ts", import.meta.url);
  const { status } = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script.href, ...args],
    stdout: "null",
  }).spawn();
  assertEquals((await soon(status, "the end of the controller")).signal, "SIGKILL");
}

const answer = (n: number): [string, number] => [Deno.version.deno, n + 1];

Deno.test(
  needing("sudo", "provision ends with its connection, and leaves no part of a file", async (t) => {
    const ends: Record<string, (tunnel: Bare, error: Error) => void> = {
      "an error of onProgress": (_, error) => {
        throw error;
      },
      "close()": (tunnel) => void tunnel.close(),
    };
    for (const [name, end] of Object.entries(ends)) {
      await t.step(name, async () => {
        using folders = new Folders();
        const onProgress = ({ bytes }: FileProgress): void => {
          if (bytes > 10_000_000) end(tunnel, new Error("enough"));
        };
        const tunnel = folders.tunnel({ onProgress });
        await rejectsAs(ConnectionError, tunnel.connect());
        await tunnel.close();
        assertEquals(folders.files, []);
      });
    }
  }),
);

Deno.test(
  needing("sudo", "provision ends when nothing waits for the connection any more", async () => {
    using folders = new Folders();
    const controller = new AbortController();
    const onProgress = ({ bytes }: FileProgress): void => {
      if (bytes > 10_000_000) controller.abort(new Error("enough"));
    };
    await using tunnel = folders.tunnel({ onProgress });
    const call = tunnel.with({ signal: controller.signal }).call(answer, 1);
    assertEquals((await rejectsAs(Error, call)).message, "enough");
    await soon(untilNothingIn(folders), "the end of the transfer");
  }),
);

Deno.test(
  needing("sudo", "provision leaves no part of a file when this end is killed", async () => {
    using folders = new Folders();
    await killedController(folders.home);
    await soon(untilNothingIn(folders), "the end of the transfer");
  }),
);

Deno.test(
  needing("sudo", "provision.keep: false leaves nothing when somebody is killed", async (t) => {
    await t.step("the agent", async () => {
      using folders = new Folders();
      await using tunnel = folders.tunnel({ from: folders.fake, keep: false });
      const call = tunnel.call(() => Deno.kill(Deno.pid, "SIGKILL"));
      await rejectsAs(ConnectionError, call);
      await soon(untilNothingIn(folders), "the end of the file");
    });
    await t.step("this end, while the agent is in an endless loop", async () => {
      using folders = new Folders();
      await killedController(folders.home, folders.fake);
      await soon(untilNothingIn(folders), "the end of the file");
    });
  }),
);
