import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import {
  ConnectionError,
  Container,
  Kubernetes,
  Podman,
  Slurm,
  SubprocessTunnel,
  type TunnelOptions,
} from "../../mod.ts";
import { command } from "../services/command.ts";
import { needing, service, slow } from "../services/services.ts";
import { rejectsAs, soon, withTime } from "./_deadline.ts";
import { leavingName } from "./_left.ts";
import { Lines } from "./_lines.ts";
import { until } from "./operation/_files.ts";

type Make = new (name: unknown, options?: unknown) => SubprocessTunnel;

const DRIVERS: Record<string, Make> = {
  Podman: Podman as unknown as Make,
  Container: Container as unknown as Make,
  Kubernetes: Kubernetes as unknown as Make,
  Slurm: Slurm as unknown as Make,
};

Deno.test("drivers refuse names that a program would read as options, and unknown options", () => {
  for (const [name, Driver] of Object.entries(DRIVERS)) {
    for (const bad of ["-d", "--rm", "", undefined, 5, "a\0b"]) {
      assertThrows(() => new Driver(bad), TypeError, " is ".slice(bad === "a\0b" ? 4 : 0), name);
    }
    assertThrows(() => new Driver("a", { imag: "b" }), TypeError, "imag", name);
    assertThrows(() => new Driver("a", null), TypeError, "options is null", name);
    assertEquals([new Driver("a").host, `${new Driver("a")}`], ["a", `${name}('a')`]);
  }
  const bad: [Make, string, unknown[]][] = [
    [DRIVERS.Podman!, "image", ["--privileged", "", 5]],
    [DRIVERS.Podman!, "dockerArgs", ["--init", [null]]],
    [DRIVERS.Container!, "engine", ["-x", "", 5]],
    [DRIVERS.Container!, "user", ["-u", "", 5]],
    [DRIVERS.Kubernetes!, "namespace", ["-n", "", 5]],
    [DRIVERS.Kubernetes!, "context", ["--context", "", 5]],
    [DRIVERS.Kubernetes!, "container", ["-c", "", 5]],
    [DRIVERS.Kubernetes!, "image", ["--rm", "", 5]],
    [DRIVERS.Kubernetes!, "kubectlArgs", ["-v", [5]]],
    [DRIVERS.Slurm!, "srunArgs", ["-v", [5], ["a\0b"]]],
  ];
  for (const [Driver, option, values] of bad) {
    for (const value of values) {
      assertThrows(() => new Driver("a", { [option]: value }), TypeError, option);
    }
    new Driver("a", { [option]: undefined });
  }
  for (const name of ["a b", "a/b", "a:1"]) {
    assertThrows(() => new Container(name), TypeError, "expected a letter or digit");
    assertThrows(() => new Podman(name), TypeError, "expected a letter or digit");
  }
  assertThrows(
    () => new Kubernetes("a", { image: "b", container: "c" }),
    TypeError,
    "container and image are both set",
  );
});

Deno.test("Podman.command() is that of Docker, with podman and a registry", () => {
  const argv = new Podman("box", { image: "img", dockerArgs: ["--init"] }).command();
  assertEquals(argv.slice(0, 2), ["podman", "run"]);
  assertEquals(argv.slice(-2), ["--init", "img"]);
  assertEquals(new Podman("box").command().at(-1), `docker.io/denoland/deno:${Deno.version.deno}`);
});

Deno.test("Container.command() is exec into a container that runs", () => {
  assertEquals(new Container("box").command(), ["docker", "exec", "-i", "box"]);
  const options = { engine: "podman", user: "1000:1000" };
  assertEquals(new Container("box", options).command(), [
    ...["podman", "exec", "-i", "-u", "1000:1000", "box"],
  ]);
});

Deno.test("Kubernetes.command() is exec, or run with an image, and ends with --", () => {
  assertEquals(new Kubernetes("web-0").command(), ["kubectl", "exec", "-i", "web-0", "--"]);
  const where = { namespace: "shop", context: "prod", kubectlArgs: ["--v=2"] };
  assertEquals(new Kubernetes("web-0", { ...where, container: "app" }).command(), [
    ...["kubectl", "--context", "prod", "--namespace", "shop"],
    ...["exec", "-i", "-c", "app", "--v=2", "web-0", "--"],
  ]);
  const argv = new Kubernetes("job", { ...where, image: "img" }).command();
  assertEquals(argv.slice(0, 9), [
    ...["kubectl", "--context", "prod", "--namespace", "shop"],
    ...["run", "-i", "--rm", "--quiet"],
  ]);
  assertEquals(argv.slice(9, 11), ["--restart=Never", "--image=img"]);
  assertEquals(argv.slice(-4), ["--v=2", "job", "--command", "--"]);
});

Deno.test("Slurm.command() is one task of a job with a name of its own", () => {
  const argv = new Slurm("worker", { srunArgs: ["--ntasks=7", "-J", "mine"] }).command();
  assertEquals(argv.slice(0, 6), [
    ...["srun", "--ntasks=7", "-J", "mine", "--unbuffered", "--ntasks=1"],
  ]);
  assertMatch(argv[6]!, /^--job-name=chopsticks-[0-9a-f]{16}$/);
  assert(!new Slurm("worker").command().includes(argv[6]!), "two tunnels share a job's name");
});

Deno.test("Slurm: the process that ends what is left of a job does not hold the job's output", async () => {
  // srun waits until nobody holds it.
  const relay = new Slurm("worker").command().slice(-4);
  const isThere = async (pid: number): Promise<boolean> => {
    const { stdout } = await command(["ps", "-A", "-o", "pgid=,args="]);
    return stdout.split("\n").some((line) => line.trim() === `${pid} sleep 1`);
  };
  for (let tries = 5;; tries--) {
    const child = new Deno.Command(relay[0]!, {
      args: [...relay.slice(1), "sh", "-c", "kill 0"],
      detached: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await child.output();
    const isFirst = await isThere(child.pid);
    while (await isThere(child.pid)) await new Promise((resolve) => setTimeout(resolve, 50));
    if (isFirst) return;
    // A busy machine may have taken a second to come here.
    assert(tries > 1, "the output ends only with the process");
  }
});

Deno.test(
  needing(
    "posixShells",
    "Slurm: the job's shell does not fail when the agent has ended",
    async () => {
      const relay = new Slurm("worker").command().slice(-3);
      // Some of these know the result of a process only until they were asked for it.
      for (const shell of Object.values(service("posixShells").paths)) {
        const args = shell.endsWith("busybox") ? ["sh", ...relay] : relay;
        const { success, problem } = await command([shell, ...args, "sh", "-c", "exit 1"]);
        assert(success, `${shell}: ${problem}`);
      }
    },
  ),
);

/** A driver that sets what a driver of anyone's can set. */
class Traits extends SubprocessTunnel {
  readonly host = "traits";
  protected override readonly otherMachine: boolean;
  protected override readonly terminal: boolean;
  protected override readonly queued: boolean;
  readonly #cancel: string[] | undefined;
  readonly #beside: string[] | undefined;
  readonly #command: string[];

  constructor(
    command: string[],
    traits: {
      here?: boolean;
      terminal?: boolean;
      queued?: boolean;
      cancel?: string[];
      beside?: string[];
    },
    options: TunnelOptions = {},
  ) {
    super(options);
    this.#command = command;
    this.#cancel = traits.cancel;
    this.#beside = traits.beside;
    this.otherMachine = !traits.here;
    this.terminal = traits.terminal ?? false;
    this.queued = traits.queued ?? false;
  }

  override command(): string[] {
    return this.#command;
  }

  protected override cancelCommand(): string[] | undefined {
    return this.#cancel;
  }

  protected override besideCommand(): string[] | undefined {
    return this.#beside;
  }
}

Deno.test("a driver that says that it stays on this machine gets this interpreter first", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const script = `#!/bin/sh\necho another >&2\nexec '${Deno.execPath()}' "$@"\n`;
    await Deno.writeTextFile(`${folder}/deno`, script, { mode: 0o755 });
    const path = ["env", `PATH=${folder}:${Deno.env.get("PATH")}`];
    for (const here of [true, false]) {
      const lines = new Lines();
      await using tun = new Traits(path, { here }, { stderr: lines.take, runtime: "deno" });
      await tun.call(() => console.log("end"));
      await lines.until("end");
      assertEquals(lines.all, here ? ["end"] : ["another", "end"]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a driver that stays at the terminal keeps its process in this session", async () => {
  const script = 'read -r s </proc/self/stat;echo "stat $s" >&2;exec setsid -w "$@"';
  for (const terminal of [true, false]) {
    const lines = new Lines();
    const options = { stderr: lines.take };
    await using tun = new Traits(["sh", "-c", script, "sh"], { terminal }, options);
    await tun.connect();
    await lines.until((line) => line.startsWith("stat "));
    const session = (stat: string): string => stat.slice(stat.lastIndexOf(")")).split(" ")[4]!;
    const theirs = session(lines.all.find((line) => line.startsWith("stat "))!);
    const ours = session(await Deno.readTextFile("/proc/self/stat"));
    assertEquals(theirs === ours, terminal);
  }
  const both = new Traits([], { here: true, terminal: true });
  const error = await rejectsAs(TypeError, both.connect());
  assertStringIncludes(error.message, "has terminal, but not otherMachine");
});

Deno.test("a driver's cancel command runs whenever its connection ends", async (t) => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/cancelled`;
  const cancel = ["sh", "-c", 'echo "$*" >> "$0"', file, "it's", "$HOME"];
  const said = async (): Promise<string> => {
    const text = await Deno.readTextFile(file);
    await Deno.remove(file);
    return [...new Set(text.split("\n"))].join("\n");
  };
  try {
    await t.step("with close()", async () => {
      const tun = new Traits([], { cancel });
      assertEquals(await tun.call(Math.max, 1, 2), 2);
      await soon(tun.close(), "close()");
      assertEquals(await said(), "it's $HOME\n");
    });
    await t.step("when close() comes before the agent is up", async () => {
      // It ends by being cancelled, and not otherwise.
      const until = ["sh", "-c", 'while [ ! -e "$0" ];do sleep .05;done;echo over >&2', file];
      const lines = new Lines();
      const tun = new Traits(until, { cancel, queued: true }, { stderr: lines.take });
      const pending = rejectsAs(ConnectionError, tun.connect());
      await new Promise((resolve) => setTimeout(resolve, 100));
      await soon(tun.close(), "close()");
      assertStringIncludes((await pending).message, "was closed");
      assertEquals(await said(), "it's $HOME\n");
      assertEquals(lines.all, []);
    });
    await t.step("when the process cannot be started", async () => {
      const tun = new Traits(["/no such program"], { cancel });
      await rejectsAs(ConnectionError, tun.connect());
      await tun.close();
      assertEquals(await said(), "it's $HOME\n");
    });
    const killed = async (cancel: readonly string[], isDone: () => boolean): Promise<void> => {
      const script = `import { SubprocessTunnel } from ${
        JSON.stringify(import.meta.resolve("../../mod.ts"))
      };
        class Mine extends SubprocessTunnel {
          host = "mine";
          command() { return []; }
          cancelCommand() { return ${JSON.stringify(cancel)}; }
        }
        await new Mine().call(() => {});
        Deno.kill(Deno.pid, "SIGKILL");`;
      await command([Deno.execPath(), "eval", "--no-check", script]);
      const come = async (): Promise<void> => {
        while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 20));
      };
      await soon(come(), "the cancel command");
    };
    const lines = (): number => {
      try {
        return Deno.readTextFileSync(file).split("\n").length - 1;
      } catch {
        return 0;
      }
    };
    await t.step("when the script is killed", async () => {
      await killed(cancel, () => lines() > 0);
      assertEquals(await said(), "it's $HOME\n");
    });
    await t.step("again, when the script is killed and the command fails", async () => {
      const third = `${cancel[2]};[ $(wc -l < "$0") -ge 3 ]`;
      await killed([...cancel.slice(0, 2), third, ...cancel.slice(3)], () => lines() === 3);
      await Deno.remove(file);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a driver's command beside the agent runs unless the agent has told its end", async () => {
  const file = await Deno.makeTempFile();
  try {
    const tun = new Traits([], { beside: ["sh", "-c", 'echo run >> "$0"', file] });
    assertEquals(await tun.call(Math.max, 1, 2), 2);
    await soon(tun.close(), "close()");
    assertEquals(await Deno.readTextFile(file), "");

    const killGroup = (): unknown =>
      new Deno.Command("sh", { args: ["-c", "kill -9 0"] }).outputSync();
    await rejectsAs(ConnectionError, tun.call(killGroup));
    await soon(tun.close(), "close()");
    assertEquals(await Deno.readTextFile(file), "run\n");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test(slow("connectTimeout does not count the time in a queue", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const run = `${folder}/run`;
    const queue = ["sh", "-c", 'while [ ! -e "$0" ];do sleep .05;done;exec "$@"', run];
    await withTime(2_000, async (connectTimeout) => {
      await Deno.remove(run).catch(() => {});
      await using tun = new Traits(queue, { queued: true }, { connectTimeout });
      const call = tun.call(Math.max, 1, 2);
      const waiting = new Promise((resolve) => setTimeout(resolve, 1.25 * connectTimeout));
      const [outcome] = await Promise.allSettled([
        soon(call, "the call"),
        waiting.then(() => Deno.writeTextFile(run, "")),
      ]);
      assertEquals(outcome, { status: "fulfilled", value: 2 });
    });

    const deno = `${folder}/deno`;
    await Deno.writeTextFile(deno, "#!/bin/sh\nexec sleep 1000\n", { mode: 0o755 });
    const options: TunnelOptions = { connectTimeout: 300, deno, runtime: "deno" };
    await using slow = new Traits(queue, { queued: true }, options);
    const error = await rejectsAs(ConnectionError, slow.connect());
    assertStringIncludes(error.message, `starting deno ${deno}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}));

Deno.test(
  needing(
    "slurm",
    "Slurm: a job that waits in the queue ends with its tunnel and its script",
    async () => {
      // Other tests have jobs, too.
      const untilState = (name: string, state: string): Promise<void> =>
        until(async () => {
          const list = await command(["squeue", "--noheader", `--name=${name}`, "--format=%T"]);
          return list.success && list.stdout.trim() === state;
        }, `${state || "the end"} of ${name}`);
      const lines = new Lines();
      const tun = new Slurm("farm", {
        srunArgs: ["--hold"],
        connectTimeout: 1,
        stderr: lines.take,
      });
      const pending = rejectsAs(ConnectionError, tun.connect());
      await untilState(leavingName(tun), "PENDING");
      await lines.until((line) => line.includes("queued and waiting"));
      await soon(tun.close(), "close()");
      assertStringIncludes((await pending).message, "was closed");
      await untilState(leavingName(tun), "");

      const script = `import { Slurm } from ${JSON.stringify(import.meta.resolve("../../mod.ts"))};
    import { leavingName } from ${JSON.stringify(import.meta.resolve("./_left.ts"))};
    const tun = new Slurm("farm", { srunArgs: ["--hold"] });
    console.log(leavingName(tun));
    await tun.connect();`;
      const child = new Deno.Command(Deno.execPath(), {
        args: ["eval", "--no-check", script],
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const reader = child.stdout.getReader();
      const { value } = await soon(reader.read(), "the name of the job");
      const name = new TextDecoder().decode(value).trim();
      await untilState(name, "PENDING");
      child.kill("SIGKILL");
      await Promise.all([reader.cancel(), child.status]);
      await untilState(name, "");
    },
  ),
);
