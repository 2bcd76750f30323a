import { assert } from "@std/assert";
import type { SubprocessTunnel } from "../../mod.ts";
import { PATIENCE, soon } from "./_deadline.ts";
import { familyOf, newMark, survivorsOf, untilGone } from "./_family.ts";
import { type Kind, KINDS, type Way } from "./_kinds.ts";
import { untilContainerGone } from "./_left.ts";
import * as fixture from "./fixture/functions.ts";
import { needing } from "../services/services.ts";

const CONTROLLER = new URL("./fixture/controller.ts", import.meta.url).pathname;

/**
 * How often all may be gone at another machine only after `close()`. Nothing tells when it is, so
 * that waits for the time that this takes, which a busy machine may exceed.
 */
const CHANCES = 3;

/** Ways to processes that can be killed from here. */
const NEAR: ReadonlySet<Way> = new Set(["local", "sudoNobody"]);

const NAMES = [
  ...["Local, Deno", "Local, Node 20", "SSHTunnel, Deno", "SSHTunnel, Node 22"],
  ...[
    "Slurm, Deno",
    "SSHTunnel with sudo, Deno",
    "Sudo to nobody, Deno",
    "Sudo to nobody, Node 18",
  ],
  ...["Docker, Deno", "Docker, Node 20", "Podman, Deno"],
  ...["Container, Node 20", "Container of podman, Deno"],
  ...["Kubernetes (a stand-in), Node 22", "Kubernetes with a new pod (a stand-in), Deno"],
];

for (const kind of KINDS.filter(({ name }) => NAMES.includes(name))) {
  Deno.test(
    needing(kind.needs, `${kind.name}: no busy agent outlives its controller`, async (t) => {
      for (const action of ["spinFull", "blockFull", "stopFull"]) {
        await t.step(`the controller is killed, ${action}`, () => testKilled(kind, action));
      }
      await t.step("close() resolves when an agent is gone that never yields", async () => {
        await testClosed(kind, () => {});
      });
      await t.step("and when the pipe to it is full", async () => {
        await testClosed(kind, (tun) => tun.call(fixture.echo, new Uint8Array(600_000)));
      });
    }),
  );
}

async function testKilled(kind: Kind, action: string): Promise<void> {
  const mark = newMark();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", CONTROLLER, action, kind.name, mark],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value: host } = await soon(reader.read(), "the controller", 3 * PATIENCE);
  assert(host !== undefined);
  const family = await familyOf(mark);
  assert(family.length >= 3, Deno.inspect(family));
  child.kill("SIGKILL");
  await Promise.all([child.stdin.close().catch(() => {}), reader.cancel(), child.status]);
  await untilGone(family);
  await untilContainerGone(kind, new TextDecoder().decode(host).trim());
}

async function testClosed(
  kind: Kind,
  send: (tun: SubprocessTunnel) => Promise<unknown> | void,
): Promise<void> {
  const isNear = NEAR.has(kind.way);
  for (let chances = isNear ? 1 : CHANCES;; chances--) {
    const mark = newMark();
    const tun = kind.open({ stderr: () => {} });
    tun.call(fixture.spin, mark).catch(() => {});
    const family = await familyOf(mark);
    send(tun)?.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 100));
    await soon(tun.close(), "close()");
    const left = survivorsOf(family.filter(({ command }) => !/^ssh |^sshd/.test(command)));
    if (left.length === 0) return;
    assert(chances > 1, Deno.inspect(left));
    await untilGone(left);
  }
}
