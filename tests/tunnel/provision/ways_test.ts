import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  ConnectionError,
  Container,
  Docker,
  Kubernetes,
  Local,
  RuntimeNotFoundError,
  Slurm,
  type SubprocessTunnel,
  Sudo,
  type TunnelOptions,
} from "../../../mod.ts";
import { command } from "../../services/command.ts";
import { needing, service, type ServiceName } from "../../services/services.ts";
import { rejectsAs, withTime } from "../_deadline.ts";
import { containerName } from "../_kinds.ts";
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
      await withTime(1_000, async (connectTimeout) => {
        const options = { provision: true, connectTimeout };
        await using tunnel = new BareJob({ home, setup }, options);
        const { message } = await rejectsAs(ConnectionError, tunnel.connect());
        const text = `no answer within ${connectTimeout} ms, looking at the far end`;
        assertStringIncludes(message, text);
      });
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

/** Leads a tunnel into a machine without interpreters. */
function onBare<T extends SubprocessTunnel>(machine: BareMachine, tunnel: T): T {
  const command = tunnel.command.bind(tunnel);
  return Object.assign(tunnel, { command: () => [...command(), ...bareCommand(machine)] });
}

const DRIVERS: Record<string, {
  needs: ServiceName;
  open: (machine: BareMachine, options: TunnelOptions) => SubprocessTunnel;
}> = {
  "Slurm": {
    needs: "slurm",
    open: (machine, options) => onBare(machine, new Slurm("farm", options)),
  },
  "Kubernetes": {
    needs: "kubectl",
    open: (machine, options) => onBare(machine, new Kubernetes("web-0", options)),
  },
  "Kubernetes with a new pod": {
    needs: "kubectl",
    open: (machine, options) =>
      onBare(machine, new Kubernetes(containerName(), { ...options, image: "debian:12" })),
  },
};

for (const [name, { needs, open }] of Object.entries(DRIVERS)) {
  Deno.test(needing(["sudo", needs], `provision works through ${name}`, async () => {
    const home = Deno.makeTempDirSync({ prefix: "chopsticks-bare-" });
    try {
      for (const keep of [false, true, true]) {
        const path = `${home}/.cache/chopsticks/deno-${VERSION}`;
        await using tunnel = open({ home }, { provision: { keep } });
        const [version, there, n] = await tunnel.call(answer, 5);
        assertEquals([version, n], [VERSION, 5]);
        assert(keep ? there === path : there.startsWith(`${path}-`), there);
        await tunnel.close();
        const left = [...Deno.readDirSync(`${home}/.cache/chopsticks`)].map(({ name }) => name);
        assertEquals(left, keep ? [`deno-${VERSION}`] : []);
      }
    } finally {
      Deno.removeSync(home, { recursive: true });
    }
  }));
}

Deno.test(needing("docker", "provision works in a container that runs already", async () => {
  const { bareImage } = service("docker");
  const name = containerName();
  const run = ["docker", "run", "--detach", "--rm", "--network", "none", "--name", name];
  const { success, problem } = await command([...run, "--interactive", bareImage, "cat"]);
  assertEquals([success, problem], [true, ""]);
  try {
    let sent = 0;
    const provision = { onProgress: () => void sent++ };
    for (const n of [1, 2]) {
      await using tunnel = new Container(name, { provision });
      assertEquals((await tunnel.call(answer, n)).at(2), n);
      if (n === 1) assert(sent > 0);
      sent = n === 1 ? 0 : sent;
    }
    assertEquals(sent, 0, "the second connection has found it");
  } finally {
    await command(["docker", "rm", "--force", name]);
  }
}));
