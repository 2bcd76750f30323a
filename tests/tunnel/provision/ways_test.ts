import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  ConnectionError,
  Docker,
  Local,
  RuntimeNotFoundError,
  Sudo,
  type TunnelOptions,
} from "../../../mod.ts";
import { needing, service } from "../../services/services.ts";
import { rejectsAs } from "../_deadline.ts";
import { Bare, bareCommand, type BareMachine } from "./_bare.ts";

const VERSION = Deno.version.deno;

const answer = (n: number): [string, string, number] => [Deno.version.deno, Deno.execPath(), n];

/** Another user of a machine that has neither. */
class BareSudo extends Sudo {
  readonly #machine: BareMachine;

  constructor(machine: BareMachine, options: TunnelOptions) {
    super({ user: "nobody", ...options });
    this.#machine = machine;
  }

  override command(): string[] {
    return [...bareCommand(this.#machine), ...super.command()];
  }
}

/** A bare machine whose shell may have to wait in a queue. */
class BareJob extends Bare {
  protected override readonly queued = true;
}

Deno.test(needing("sudo", "provision works under sudo, for a user without a home", async () => {
  const setup = "for d in /tmp /var/tmp /dev/shm;do mount -t tmpfs none $d;chmod 1777 $d;done";
  await using tunnel = new BareSudo({ home: "/nonexistent", setup }, { provision: true });
  const [version, path] = await tunnel.call(answer, 1);
  assertEquals(version, VERSION);
  assert(path.endsWith(`/deno-${VERSION}`), path);
}));

Deno.test(
  needing("sudo", "provision: connectTimeout counts once a job has left its queue", async () => {
    const home = Deno.makeTempDirSync({ prefix: "chopsticks-bare-" });
    try {
      const setup =
        'printf "#!/bin/sh\\nexec sleep 30\\n" >/mnt/uname;chmod 755 /mnt/uname;PATH=/mnt:$PATH';
      const options = { provision: true, connectTimeout: 1_000 };
      await using tunnel = new BareJob({ home, setup }, options);
      const { message } = await rejectsAs(ConnectionError, tunnel.connect());
      assertStringIncludes(message, "no answer within 1000 ms, looking at the far end");
    } finally {
      Deno.removeSync(home, { recursive: true });
    }
  }),
);

Deno.test(
  needing(
    "docker",
    "provision works in a container of an image with neither Deno nor Node",
    async () => {
      const { bareImage } = service("docker");
      const options = { image: bareImage, dockerArgs: ["--network", "none"] };
      await using bare = new Docker(`bare-${Deno.pid}`, options);
      const { message } = await rejectsAs(RuntimeNotFoundError, bare.connect());
      assertStringIncludes(message, "`provision: true` would bring Deno along");
      await using tunnel = new Docker(`brought-${Deno.pid}`, { ...options, provision: true });
      assertEquals(await tunnel.call(answer, 3), [
        VERSION,
        `/root/.cache/chopsticks/deno-${VERSION}`,
        3,
      ]);
    },
  ),
);

Deno.test(needing("docker", "provision works in a container that a far end starts", async () => {
  const { bareImage } = service("docker");
  const name = `hop-${Deno.pid}`;
  const call = async (name: string, image: string): Promise<[string, string, number]> => {
    await using tunnel = new Docker(name, {
      ...{ image, dockerArgs: ["--network", "none"], provision: { keep: false } },
    });
    return await tunnel.call(answer, 4);
  };
  await using relay = new Local("relay", { runtime: "deno" });
  assertEquals((await relay.call(call, name, bareImage))[0], VERSION);
}));
