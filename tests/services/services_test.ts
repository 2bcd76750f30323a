import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { NO_COMPILER } from "./compiler.ts";
import { command, type CommandResult } from "./command.ts";
import { processesOf } from "./processes.ts";
import { countTests, readSkipped, readSummary, refusedSkips } from "./report.ts";
import { createRunFolder, removeDeadRuns, usersOf } from "./run_folder.ts";
import { OLDEST_DENO } from "../../agent/protocol/exit_code.ts";
import {
  needing,
  NODE_MAJORS,
  OLD_DENO,
  service,
  type Services,
  SERVICES_VARIABLE,
} from "./services.ts";
import { NOISE } from "./shells.ts";

const RUNNER = new URL("../run.ts", import.meta.url).pathname;

function ssh(host: string, ...args: string[]): Promise<CommandResult> {
  return command(["ssh", "-F", service("ssh").config, host, ...args], { env: { DISPLAY: "" } });
}

Deno.test(needing("ssh", "ssh reaches all hosts at once", async () => {
  const { hosts } = service("ssh");
  assertEquals(hosts.length, 60);
  const results = await Promise.all(hosts.map((host) => ssh(host, "echo", host)));
  assertEquals(results.map(({ stdout }) => stdout.trim()), [...hosts]);
}));

Deno.test(needing("ssh", "ssh gives the hosts different addresses", async () => {
  const results = await Promise.all(
    ["host1", "host2"].map((host) => ssh(host, "echo $SSH_CONNECTION")),
  );
  const addresses = results.map(({ stdout }) => stdout.split(" ")[2]);
  const second = Deno.build.os === "linux" ? "127.0.0.2" : "127.0.0.1";
  assertEquals(addresses, ["127.0.0.1", second]);
}));

Deno.test(needing("ssh", "ssh fails in the way that an alias is there for", async () => {
  const { refused, badKey, unverified, password } = service("ssh");
  const results = await Promise.all([refused, badKey, unverified, password].map((host) => {
    return ssh(host, "true");
  }));
  const [first, second, third, fourth] = results.map(({ problem }) => problem);
  assertStringIncludes(first ?? "", "Connection refused");
  assertStringIncludes(second ?? "", "Permission denied (publickey)");
  assertStringIncludes(third ?? "", "Host key verification failed");
  assertStringIncludes(fourth ?? "", "Permission denied (publickey,password)");
}));

Deno.test(needing("ssh", "ssh waits for a silent host", async () => {
  const { silent } = service("ssh");
  const { success, problem } = await ssh(silent, "-o", "ConnectTimeout=1", "true");
  assert(!success);
  assertStringIncludes(problem, "timed out");
}));

Deno.test(needing("shells", "login shells run a command", async (t) => {
  for (const alias of service("shells").aliases) {
    await t.step(alias, async () => {
      const { stdout, stderr } = await ssh(alias, "echo hello; id -un");
      assertEquals(stderr, "");
      const noise = { noisy: "#".repeat(NOISE), bash: "noise from .bashrc\n" }[alias] ?? "";
      assert(stdout.startsWith(noise), "the noise is not there");
      assertMatch(stdout.slice(noise.length), new RegExp(`^hello\nchop${alias}\\d+\n$`));
    });
  }
}));

Deno.test(needing(["shells", "deno", "node"], "login shells can run the interpreters", async () => {
  const { path } = service("deno");
  const node = service("node").paths["18"];
  for (const alias of ["fish", "csh", "plain"]) {
    const { stdout } = await ssh(alias, `${path} --version; ${node} --version`);
    assertMatch(stdout, /^deno \d[^]*\nv18\./);
  }
}));

Deno.test(needing("oldDeno", "deno is there in the oldest version for agents", async () => {
  const { stdout } = await command([service("oldDeno").path, "--version"]);
  assertStringIncludes(stdout, `deno ${OLD_DENO} `);
  assert(OLD_DENO.startsWith(`${OLDEST_DENO}.`));
}));

Deno.test(needing("node", "node is there in every major version", async () => {
  const { paths } = service("node");
  const results = await Promise.all(
    NODE_MAJORS.map((major) => command([paths[major], "-p", "process.versions.node"])),
  );
  assertEquals(results.map(({ stdout }) => stdout.split(".")[0]), [...NODE_MAJORS]);
}));

Deno.test(
  needing(["sudo", "deno", "node"], "sudo runs the interpreters as other users", async (t) => {
    const { path } = service("deno");
    const { paths } = service("node");
    for (const user of service("sudo").users) {
      await t.step(user, async () => {
        const sudo = ["sudo", "-n", "-u", user];
        const { stdout } = await command([...sudo, path, "--version"]);
        assertStringIncludes(stdout, `deno ${Deno.version.deno}`);
        for (const major of NODE_MAJORS) {
          const { stdout } = await command([...sudo, paths[major], "--version"]);
          assertMatch(stdout, new RegExp(`^v${major}\\.`));
        }
        assertEquals((await command([...sudo, "id", "-un"])).stdout, `${user}\n`);
      });
    }
  }),
);

Deno.test(needing("docker", "docker runs the image with Deno", async (t) => {
  const { image } = service("docker");
  const run = ["docker", "run", "--rm", "--network", "none"];
  await t.step("Deno, with and without the entrypoint's help", async () => {
    for (const args of [["deno", "--version"], ["--version"]]) {
      const { stdout, stderr } = await command([...run, image, ...args]);
      assertStringIncludes(stdout, `deno ${Deno.version.deno}`, stderr);
    }
  });
  await t.step("a shell, as another user, with a place for temporary files", async () => {
    const { stdout, stderr } = await command(
      [...run, "--user", "nobody", image, "sh", "-c", "id -un; touch /tmp/a; ls /tmp"],
    );
    assertEquals(stdout, "nobody\na\n", stderr);
  });
}));

Deno.test(needing(["docker", "node"], "docker runs the image with Node alone", async () => {
  const run = ["docker", "run", "--rm", "--network", "none", service("docker").nodeImage];
  assertMatch((await command([...run, "node", "--version"])).stdout, /^v20\./);
  assertStringIncludes((await command([...run, "sh", "-c", "deno"])).stderr, "not found");
}));

Deno.test(needing("podman", "podman runs the image, and has a container that runs", async () => {
  const { image, up } = service("podman");
  for (const way of [["run", "--rm", image], ["exec", up]]) {
    const { stdout, stderr } = await command(["podman", ...way, "deno", "--version"]);
    assertStringIncludes(stdout, `deno ${Deno.version.deno}`, stderr);
  }
}));

Deno.test(needing("slurm", "srun runs tasks on both nodes", async () => {
  const { stdout, stderr } = await command(["srun", "-N2", "printenv", "SLURMD_NODENAME"]);
  assertEquals(stdout.trim().split("\n").sort(), ["n1", "n2"], stderr);
}));

Deno.test("refusedSkips() admits no skipped test but for the runtime of deno compile", () => {
  const admitted = `a_test: compiles (skipped: ${NO_COMPILER}: no network)`;
  const others = ["a_test: asks (skipped: no sshd)", `a_test: says ${NO_COMPILER}`];
  assertEquals(refusedSkips([others[0]!, admitted, others[1]!]), others);
});

/** A runner of its own, with one test that hands out the services and then waits if told to. */
async function startRunner(waits: boolean): Promise<{
  runner: Deno.ChildProcess;
  inner: Services;
  folder: string;
}> {
  const folder = await Deno.makeTempDir();
  const send = `Deno.writeTextFileSync("part", Deno.env.get("${SERVICES_VARIABLE}"));
    Deno.writeTextFileSync("temporary", Deno.makeTempDirSync());
    Deno.renameSync("part", "services.json");`;
  await Deno.writeTextFile(
    `${folder}/inner_test.ts`,
    `Deno.test("hands out the services", async () => {
      ${send}
      ${waits ? "setInterval(() => {}, 1000); await new Promise(() => {});" : ""}
    });
    Deno.test({ name: "is <skipped>", ignore: true, fn() {} });
    `,
  );
  const runner = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", RUNNER, "--no-config", "--no-check", "inner_test.ts"],
    cwd: folder,
    env: { CI: "" },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  await using watcher = watch(folder);
  while (!await watcher.has("services.json")) await watcher.changed();
  const inner = JSON.parse(await Deno.readTextFile(`${folder}/services.json`));
  return { runner, inner, folder };
}

function watch(folder: string): AsyncDisposable & {
  has(name: string): Promise<boolean>;
  changed(): Promise<void>;
} {
  const watcher = Deno.watchFs(folder);
  const events = watcher[Symbol.asyncIterator]();
  return {
    has: (name) => Deno.stat(`${folder}/${name}`).then(() => true, () => false),
    changed: async () => void await events.next(),
    async [Symbol.asyncDispose](): Promise<void> {
      watcher.close();
      await events.next();
    },
  };
}

/** What a run that is over must not leave. */
function leftBy({ folder }: Services): unknown {
  const exists = [...Deno.readDirSync(folder.slice(0, folder.lastIndexOf("/")))]
    .some(({ name }) => folder.endsWith(`/${name}`));
  const mounts = Deno.build.os === "linux" ? Deno.readTextFileSync("/proc/self/mountinfo") : "";
  return {
    exists,
    processes: processesOf(folder).map(({ command }) => command),
    users: usersOf(folder),
    mounted: mounts.includes(folder),
  };
}

const NOTHING = { exists: false, processes: [], users: [], mounted: false };

Deno.test("run.ts reports on its last line and leaves nothing", async () => {
  const { runner, inner, folder } = await startRunner(false);
  const { code, stdout } = await runner.output();
  assertMatch(
    new TextDecoder().decode(stdout),
    /^With deno, [^]*\n1 passed, 0 failed, 1 skipped\n$/,
  );
  assertEquals(code, 0);
  assertEquals(leftBy(inner), NOTHING);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("run.ts leaves nothing when it is interrupted", async () => {
  const { runner, inner, folder } = await startRunner(true);
  const last = await startLongLived(inner);
  runner.kill("SIGTERM");
  const { code, stdout } = await runner.output();
  assertMatch(
    new TextDecoder().decode(stdout),
    /\nInterrupted by SIGTERM\n0 passed, 1 failed, 1 skipped\n$/,
  );
  assertEquals(code, 143);
  const temporary = await Deno.readTextFile(`${folder}/temporary`);
  assert(temporary.startsWith(`${inner.folder}/`), temporary);
  assertEquals(leftBy(inner), NOTHING);
  await Promise.all(last.map((child) => child.status));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("run.ts clears up after a runner that was killed", async () => {
  const { runner, inner, folder } = await startRunner(true);
  const last = await startLongLived(inner);
  runner.kill("SIGKILL");
  await runner.output();
  assert(processesOf(inner.folder).length > 0);

  await removeDeadRuns();
  assertEquals(leftBy(inner), NOTHING);
  await Promise.all(last.map((child) => child.status));
  await Deno.remove(folder, { recursive: true });
});

/** What a test might have going on in each service when the runner ends. */
async function startLongLived(services: Services): Promise<Deno.ChildProcess[]> {
  const { ssh, shells, docker, podman, slurm } = services;
  const argvs: string[][] = [];
  const say = "echo up; exec sleep 1000";
  if (ssh.available) argvs.push(["ssh", "-F", ssh.config, "host1", say]);
  if (ssh.available && shells.available) argvs.push(["ssh", "-F", ssh.config, "plain", say]);
  if (docker.available) {
    const run = ["docker", "--host", docker.host, "run", "--rm", "--network", "none"];
    argvs.push([...run, docker.image, "sh", "-c", say]);
  }
  if (podman.available) {
    argvs.push([`${podman.bin}/podman`, "run", "--rm", podman.image, "sh", "-c", say]);
  }
  if (slurm.available) {
    // With a path of the run among its arguments, or it would wait for its controller for minutes.
    const { config } = slurm;
    argvs.push(["env", `SLURM_CONF=${config}`, "srun", "-u", "sh", "-c", say, config]);
  }
  return await Promise.all(argvs.map(async ([program = "", ...args]) => {
    const child = new Deno.Command(program, { args, stdin: "null", stdout: "piped" }).spawn();
    const reader = child.stdout.getReader();
    assertEquals(new TextDecoder().decode((await reader.read()).value), "up\n");
    await reader.cancel();
    return child;
  }));
}

Deno.test("removeDeadRuns() spares the folder of a run that is going on", async () => {
  const folder = createRunFolder();
  assert(!(await removeDeadRuns()).includes(folder));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("needing() tells why a test is skipped", async () => {
  const script = `import { needing, service } from ${
    JSON.stringify(import.meta.resolve("./services.ts"))
  };
    const { name, ignore } = needing(["deno", "ssh"], "x", () => {});
    console.log(name, ignore);
    service("ssh");`;
  const { stdout, stderr } = await command([Deno.execPath(), "eval", script], {
    env: { [SERVICES_VARIABLE]: "null" },
  });
  assertEquals(stdout, "x (skipped: run deno task test) true\n");
  assertStringIncludes(stderr, "Cannot use ssh: run deno task test");
});

Deno.test("readSummary() finds Deno's own line", () => {
  const output = "ok | 9 passed | 9 failed (1s)\n" +
    "\x1b[31mFAILED\x1b[0m | 3 passed (1 step) | 2 failed (1 step) | 4 ignored (5 steps) (3s)\n";
  assertEquals(readSummary(output), { passed: 3, failed: 2, skipped: 4, skippedSteps: 5 });
  assertEquals(readSummary("ok | 1 passed | 0 failed | 7 filtered out (3ms)\n"), {
    passed: 1,
    failed: 0,
    skipped: 0,
    skippedSteps: 0,
  });
  assertEquals(readSummary("error: Type checking failed."), undefined);
});

Deno.test("readSkipped() and countTests() read the XML of an interrupted run", () => {
  const xml = `<testcase name="a" classname="./a.ts" time="0.1"></testcase>
    <testcase name="no &lt;sshd&gt;" classname="./a.ts" time="0.1">
      <skipped/></testcase>
    <testcase name="b" classname="./a.ts" time="0.1"><error message="Cancelled"/></testcase>`;
  assertEquals(readSkipped(xml), ["./a.ts: no <sshd>"]);
  assertEquals(countTests(xml), { passed: 1, failed: 1, skipped: 1, skippedSteps: 0 });
});
