import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import {
  ConnectionError,
  Docker,
  Local,
  ProtocolError,
  RuntimeNotFoundError,
  SSHTunnel,
  type SubprocessTunnel,
} from "../../../mod.ts";
import { command, which } from "../../services/command.ts";
import { listProcesses } from "../../services/processes.ts";
import { needing, service } from "../../services/services.ts";
import { PATIENCE, rejection, rejectsAs, soon, withTime } from "../_deadline.ts";
import { familyOf, newMark, survivorsWith, untilGone } from "../_family.ts";
import { containerName, Driver, sshArgs } from "../_kinds.ts";
import { Lines } from "../_lines.ts";
import { makeProject } from "../_project.ts";
import * as fixture from "../fixture/functions.ts";

const ODD = 'it\'s "odd" $HOME `id` \\ !!\nand\ttwo lines Ё';

/** Makes calls of several kinds, to see that the tunnel works. */
async function useTunnel(tun: SubprocessTunnel, lines: Lines): Promise<void> {
  assertEquals(await soon(tun.call(fixture.echo, ODD), "a call"), [ODD]);
  assertEquals(await tun.call(fixture.variables, ["ODD"]), [ODD]);
  assertEquals((await tun.call(fixture.bytes, 100_000)).length, 100_000);
  await tun.call(fixture.printText, "printed");
  await lines.until("printed");
}

Deno.test(needing(["shells", "deno", "node"], "SSHTunnel gets through a login shell", async (t) => {
  for (const alias of service("shells").aliases) {
    for (const runtime of ["deno", "node"] as const) {
      await t.step(`${alias}, ${runtime}`, async () => {
        const lines = new Lines();
        await using tun = new SSHTunnel(alias, {
          runtime,
          deno: service("deno").path,
          node: service("node").paths["18"],
          env: { ODD },
          cwd: "/usr",
          sshArgs: sshArgs(),
          stderr: lines.take,
        });
        await useTunnel(tun, lines);
        assertEquals(await tun.call(fixture.folder), "/usr");
      });
    }
  }
}));

Deno.test("a tunnel works when", async (t) => {
  const options = { runtime: "deno", deno: Deno.execPath(), env: { ODD } } as const;
  const cases: Record<string, string[]> = {
    "the pipe delivers one byte at a time": [
      ...[Deno.execPath(), "run", "-A", "--no-check"],
      new URL("../fixture/one_byte_relay.ts", import.meta.url).pathname,
    ],
    "a terminal echoes what it gets first": shell(
      'IFS= read -r l;printf "%s\\r\\n" "$l";{ printf "%s\\n" "$l";cat;}|"$@"',
    ),
    "there is noise of any kind in front": shell(
      'printf "\\365\\305\\001 _csN= \\0\\033[2J\\377";head -c 200000 /dev/urandom;exec "$@"',
    ),
    "the banner ends without a line break": shell('printf "Last login: never";exec "$@"'),
    "there is noise on stderr": shell('head -c 200000 /dev/urandom >&2;echo >&2;exec "$@"'),
    "SIGPIPE, SIGTERM and SIGHUP are ignored": shell('trap "" PIPE TERM HUP;exec "$@"'),
  };
  for (const [what, argv] of Object.entries(cases)) {
    await t.step(what, async () => {
      const lines = new Lines();
      await using tun = new Driver(argv, { ...options, stderr: lines.take });
      await useTunnel(tun, lines);
    });
  }
});

/** The argv of a shell script that has the agent's command as its arguments. */
function shell(script: string): string[] {
  return ["sh", "-c", script, "sh"];
}

/** A Deno that is too old, as a script. */
const OLD = 'case $1 in --version) echo "deno 1.46.0"; echo more;; *) exit 91;; esac';

Deno.test("an interpreter that does not start an agent", async (t) => {
  const folder = await Deno.makeTempDir();
  const script = async (name: string, text: string): Promise<string> => {
    await Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\n${text}\n`);
    await Deno.chmod(`${folder}/${name}`, 0o755);
    return `${folder}/${name}`;
  };
  try {
    await t.step("exits with code 3", async () => {
      const deno = await script("exits", "echo 'no way' >&2; exit 3");
      await using tun = new Local("here", { runtime: "deno", deno, stderr: () => {} });
      const error = await rejectsAs(RuntimeNotFoundError, tun.connect());
      const [first] = error.message.split("\n");
      assertEquals(first, `Cannot connect to here: ${deno} exited with code 3: no way`);
      assertEquals(error.stderr, "no way");
      assertStringIncludes(error.message, `command: ${error.command.join(" ")}`);
    });

    await t.step("has its words said once", async () => {
      for (const [said, details] of [["no way", 1], ["one\\ntwo", 4]] as const) {
        const deno = await script("says", `printf '${said}\\n' >&2; exit 3`);
        await using tun = new Local("here", { runtime: "deno", deno, stderr: () => {} });
        const { message } = await rejectsAs(ConnectionError, tun.connect());
        const [, ...lines] = message.split("\n");
        assertEquals(lines.length, details, message);
      }
    });

    await t.step("prints more after its reason", async () => {
      const node = `node:internal/modules/cjs/loader:1210
  throw err;
  ^

Error: Cannot find module '/run'
    at Module.failed (node:internal/modules/cjs/loader:1207:15) {
  code: 'MODULE_NOT_FOUND'
}

Node.js v20.20.2`;
      const cases = {
        [node]: "Error: Cannot find module '/run'",
        "unknown flag: --x\n\nUsage:  docker run\n\nRun 'docker run --help' for more information":
          "unknown flag: --x",
        "an error\nno such thing\nas I said": "no such thing",
        "one\ntwo\nthree": "two ⏎ three",
        [`the badge is glossy\n${"x".repeat(1000)}`]: `the badge is glossy ⏎ ${"x".repeat(278)}…`,
      };
      for (const [text, reason] of Object.entries(cases)) {
        await Deno.writeTextFile(`${folder}/stderr`, text);
        const deno = await script("explains", `cat ${folder}/stderr >&2; exit 1`);
        await using tun = new Local("here", { runtime: "deno", deno, stderr: () => {} });
        const { message } = await rejectsAs(ConnectionError, tun.connect());
        assertEquals(message.split("\n")[0]!.split(" code 1: ")[1], reason);
      }
    });

    await t.step("says nothing", async () => {
      await withTime(500, async (connectTimeout) => {
        const mark = newMark();
        const deno = await script("silent", `exec sleep ${mark}`);
        await using tun = new Local("here", { runtime: "deno", deno, connectTimeout });
        const connecting = rejectsAs(ConnectionError, tun.connect());
        const [family, { message, exitCode }] = await Promise.all([familyOf(mark), connecting]);
        assertStringIncludes(
          message,
          `Cannot connect to here: no answer within ${connectTimeout} ms, starting deno ${deno}`,
        );
        assertEquals(exitCode, null);
        await untilGone(family);
      });
    });

    await t.step("ends by a signal", async () => {
      const node = await script("killed", "kill -SEGV $$");
      await using tun = new Local("here", { runtime: "node", node, stderr: () => {} });
      const error = await rejectsAs(ConnectionError, tun.connect());
      assertMatch(error.message, /killed exited with code 139 \(ended by signal 11\)\n/);
    });

    await t.step("prints its reasons on stdout", async () => {
      const deno = await script("chatty", "echo to stdout; echo to stderr >&2; exit 4");
      await using tun = new Local("here", { runtime: "deno", deno, stderr: () => {} });
      const error = await rejectsAs(ConnectionError, tun.connect());
      assertEquals(error.stderr, "to stdout\nto stderr");
    });

    await t.step("cannot be run at all", async () => {
      const deno = `${folder}/binary`;
      await Deno.writeFile(deno, new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 0]));
      await Deno.chmod(deno, 0o755);
      await using tun = new Local("here", { runtime: "deno", deno, stderr: () => {} });
      const error = await rejectsAs(ConnectionError, tun.connect());
      assertMatch(error.message, /binary exited with code 12[67]: .*\n/);
      assertNotEquals(error.stderr, "");
    });

    await t.step("does not exist", async () => {
      await using tun = new Local("here", { deno: "/no/deno", node: "/no/node" });
      const error = await rejectsAs(RuntimeNotFoundError, tun.connect());
      assertMatch(
        error.message,
        /^Cannot connect to here: found no Deno 2\.9 or newer \(looked for \/no\/deno\) and no Node 18 or newer \(looked for \/no\/node\)\n/,
      );
    });

    await t.step("does not exist where SIGTERM is ignored", async () => {
      const options = { deno: "/no/deno", node: "/no/node" };
      await using tun = new Driver(shell('trap "" TERM;exec "$@"'), options);
      await rejectsAs(RuntimeNotFoundError, tun.connect());
    });

    await t.step("is another program", async () => {
      const deno = which("true")!;
      await using tun = new Local("here", { runtime: "deno", deno, stderr: () => {} });
      const error = await rejectsAs(ConnectionError, tun.connect());
      assertEquals(
        error.message.split("\n")[0],
        `Cannot connect to here: ${deno} exited with code 0`,
      );
      assertEquals([error.stdout, error.stderr], ["", ""]);
    });

    await t.step("is a folder", async () => {
      await using tun = new Local("here", { runtime: "deno", deno: folder });
      const error = await rejectsAs(RuntimeNotFoundError, tun.connect());
      assertStringIncludes(error.message, `(looked for ${folder})`);
    });

    await t.step("is a file that may not be run", async () => {
      const deno = `${folder}/text`;
      await Deno.writeTextFile(deno, "text");
      await using tun = new Local("here", { runtime: "deno", deno });
      await rejectsAs(RuntimeNotFoundError, tun.connect());
    });

    await t.step("is too old", async () => {
      const deno = await script("old 'deno'", OLD);
      await using tun = new Local("here", { runtime: "deno", deno });
      const error = await rejectsAs(RuntimeNotFoundError, tun.connect());
      assertStringIncludes(
        error.message,
        `: ${deno} is deno 1.46.0, which is too old; found no other Deno 2.9 or newer (looked`,
      );
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test(needing("node", "Local says why Node does not start as Deno", async () => {
  const deno = service("node").paths["20"];
  await using tun = new Local("here", { runtime: "deno", deno, stderr: () => {} });
  const { message } = await rejectsAs(ConnectionError, tun.connect());
  assertMatch(message, / exited with code 1: Error: Cannot find module '.*run'\n/);
}));

Deno.test(needing("node", "Local takes Node where Deno is too old, or not there", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const old = `${folder}/deno`;
    await Deno.writeTextFile(old, `#!/bin/sh\n${OLD}\n`);
    await Deno.chmod(old, 0o755);
    for (const deno of [old, `${folder}/none`]) {
      await using tun = new Local("here", { deno, node: service("node").paths["20"] });
      assertEquals(await tun.call(Math.max, 1, 2), 2);
      assertEquals(tun.info!.runtime, "node");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}));

Deno.test("a far end that is not an agent", async (t) => {
  await t.step("a program that does not exist", async () => {
    await using tun = new Driver(["/no/such/program"]);
    const error = await rejectsAs(ConnectionError, tun.connect());
    assertStringIncludes(
      error.message,
      "Cannot connect to driver: cannot run /no/such/program: there is no such program",
    );
  });

  await t.step("a program that is started from a folder that is gone", async () => {
    const script = `import { Local } from ${JSON.stringify(import.meta.resolve("../../../mod.ts"))};
      const folder = Deno.makeTempDirSync();
      Deno.chdir(folder);
      Deno.removeSync(folder);
      await new Local().connect().catch(({ message }) => console.log(message.split("\\n")[0]));`;
    const { stdout, stderr } = await command([Deno.execPath(), "eval", "--no-check", script]);
    const text = "cannot run sh: the folder that this script runs in is gone";
    assertEquals(stdout, `Cannot connect to localhost: ${text}\n`, stderr);
  });

  await t.step("a process for which there are no descriptors", async () => {
    const script = `import { Local } from ${JSON.stringify(import.meta.resolve("../../../mod.ts"))};
      const all = Array.from({ length: 30 }, (_, i) => new Local("t" + i, { stderr() {} }).call(Date.now));
      const failed = (await Promise.allSettled(all)).filter(({ reason }) => reason);
      console.log(failed.length > 0, [...new Set(failed.map(({ reason }) => reason.name))].join());
      console.log(failed.some(({ reason }) => /Too many open files/.test(reason.message)));`;
    // `deno eval` panics when it cannot open a socket while the script waits.
    await using project = await makeProject({ "main.ts": script });
    const argv = ["sh", "-c", `ulimit -n 64; exec "$0" run -A --no-check main.ts`, Deno.execPath()];
    const running = command(argv, { cwd: project.folder });
    const { stdout, stderr } = await soon(running, "the end of the script");
    assertEquals(stdout, "true ConnectionError\ntrue\n", stderr);
  });

  await t.step("a program that ends at once", async () => {
    const argv = shell("echo 'This account is \x1b[1mdisabled'; echo 'Go away' >&2; exit 7");
    await using tun = new Driver(argv, { stderr: () => {} });
    const error = await rejectsAs(ConnectionError, tun.connect());
    assertMatch(
      error.message,
      /sh exited with code 7, waiting for a shell at the far end: Go away/,
    );
    assertEquals(error.exitCode, 7);
    assertEquals([error.stdout, error.stderr], ["This account is \\x1b[1mdisabled", "Go away"]);
  });

  await t.step("a program that has ended while its output goes on", async () => {
    await using tun = new Driver(shell("sleep 0.2 & sleep 0.05; exit 7"), { stderr: () => {} });
    const calls = [rejection(tun.with({ signal: AbortSignal.timeout(10) }).connect())];
    await calls[0];
    // One of them comes when the process has ended, and nothing else waits for it.
    for (let i = 0; i < 15; i++) {
      const signal = AbortSignal.timeout(5);
      const call = rejection(tun.with({ signal }).call(Math.max, 1, 2));
      calls.push(call);
      await call;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const error of await Promise.all(calls)) {
      assert(error instanceof DOMException || error instanceof ConnectionError, `${error}`);
    }
  });

  await t.step("a program that never says anything", async () => {
    const mark = newMark();
    await using tun = new Driver(shell(`exec sleep ${mark}`), { connectTimeout: 300 });
    const error = await rejectsAs(ConnectionError, tun.connect());
    assertMatch(error.message, /no answer within 300 ms, waiting for a shell at the far end/);
    await tun.close();
    assertEquals(survivorsWith(mark), []);
  });

  await t.step("a program that does not read", async () => {
    const mark = newMark();
    const argv = shell(`exec 0<&-; exec sleep ${mark}`);
    await using tun = new Driver(argv, { connectTimeout: 300 });
    await rejectsAs(ConnectionError, tun.connect());
  });

  await t.step("a program that prints without end", async () => {
    await using tun = new Driver(shell("exec cat /dev/zero"), { connectTimeout: 300 });
    const error = await rejectsAs(ConnectionError, tun.connect());
    assert(error.message.length < 20_000);
  });

  await t.step("an abort ends the waiting, and close() the rest", async () => {
    const mark = newMark();
    await using tun = new Driver(shell(`exec sleep ${mark}`));
    const controller = new AbortController();
    const call = tun.with(controller).call(Math.max, 1);
    await untilRuns(mark);
    controller.abort("enough");
    assertEquals(await rejection(call), "enough");
    await soon(tun.close(), "close()");
    assertEquals(survivorsWith(mark), []);
  });
});

async function untilRuns(mark: string): Promise<void> {
  while (!listProcesses().some(({ command }) => command.endsWith(`sleep ${mark}`))) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

Deno.test("a far end that breaks the protocol is cut off", async (t) => {
  const script = new URL("../fixture/hostile_agent.ts", import.meta.url).pathname;
  const expected: Record<string, RegExp> = {
    "text instead of a frame": /Expected a frame, got 68 65 6c 6c 6f 2c .*"hello, world/,
    "text instead of the first frame": /Expected a frame, got 68 65 6c 6c 6f/,
    "a wrong second byte": /Expected a frame, got f5 c6/,
    "a frame that is too long": /A frame of 4294967295 bytes is over the limit/,
    "an unknown type": /Unknown frame type 119 in f5 c5 77/,
    "data on a channel that was never opened": /channel 999, which was never opened/,
    "a credit without a number": /credit frame without a number/,
    "a channel with the controller's number": /Channel 999 cannot be opened/,
    "a channel with the number 0": /Channel 0 cannot be opened/,
    "a request that cannot be read": /request that cannot be read/,
    "an unknown request": /request that a controller does not take/,
    "an order to end": /BYE frame/,
    "a second greeting": /second HELLO/,
    "a greeting that cannot be read": /HELLO that cannot be read/,
    "a greeting that says nothing": /HELLO that/,
  };
  for (const [what, text] of Object.entries(expected)) {
    await t.step(what, async () => {
      const argv = [Deno.execPath(), "run", "--no-check", script, what];
      await using tun = new Driver(argv);
      const call = tun.call(fixture.echo, 1);
      const error = await rejectsAs(ProtocolError, call);
      assertMatch(error.message, text);
      assertEquals(tun.connected, false);
    });
  }
});

Deno.test(needing("ssh", "SSHTunnel asks nobody anything without a terminal", async () => {
  const { config, refused, badKey, unverified, password, silent } = service("ssh");
  const hosts = [refused, badKey, unverified, password, silent, "no-such-host.invalid"];
  const script = new URL("../fixture/connect.ts", import.meta.url).pathname;
  await withTime(3_000, async (timeout) => {
    const args = [script, config, `${timeout}`, ...hosts];
    const { stdout, stderr } = await soon(
      command([Deno.execPath(), "run", "-A", "--no-check", ...args]),
      "the end of the script",
      3 * PATIENCE,
    );
    assertEquals(stderr, "");
    const outcomes: { host: string; message: string; exitCode: number | null; stderr: string }[] =
      JSON.parse(stdout);
    assertEquals(outcomes.map(({ host }) => host), hosts);
    assertEquals(outcomes.map(({ exitCode }) => exitCode), [255, 255, 255, null, null, 255]);
    const texts = [
      "Connection refused",
      "Permission denied (publickey)",
      "Host key verification failed",
      "",
      "",
      "Could not resolve hostname",
    ];
    for (const [i, { host, message, stderr }] of outcomes.entries()) {
      assertStringIncludes(stderr, texts[i]!);
      assertStringIncludes(message, `Cannot connect to ${host}: `);
      if (host === silent) assertStringIncludes(message, `no answer within ${timeout} ms`);
      else if (host === password) {
        assertStringIncludes(message, `ssh asked "asked@127.0.0.1's password:"`);
      } else assertStringIncludes(message, "ssh exited with code 255");
    }
  }, 12_000);
}));

Deno.test(needing(["docker", "node"], "Docker finds the interpreter of an image", async (t) => {
  const dockerArgs = ["--network", "none"];
  const image = service("docker").nodeImage;

  await t.step("Deno in the official image", async () => {
    await using tun = new Docker(containerName(), { dockerArgs });
    assertEquals(await tun.call(Math.max, 1, 2), 2);
    assertEquals(tun.info!.runtime, "deno");
  });

  await t.step("Node in one without Deno", async () => {
    await using tun = new Docker(containerName(), { dockerArgs, image });
    assertEquals(await tun.call(Math.max, 1, 2), 2);
    assertEquals(tun.info!.runtime, "node");
  });

  await t.step("nothing, if it has to be Deno", async () => {
    await using tun = new Docker(containerName(), { dockerArgs, image, runtime: "deno" });
    const error = await rejectsAs(RuntimeNotFoundError, tun.connect());
    assertStringIncludes(
      error.message,
      "found no Deno 2.9 or newer (looked for deno, ~/.deno/bin/deno,",
    );
  });

  await t.step("nothing without an image", async () => {
    await using tun = new Docker(containerName(), {
      dockerArgs: ["--pull", "never"],
      image: "no-such-image",
      stderr: () => {},
    });
    const error = await rejectsAs(ConnectionError, tun.connect());
    assertEquals(error.exitCode, 125);
    assertMatch(error.message, /docker exited with code 125, .*: docker: .*[Nn]o such image.*\n/);
  });

  await t.step("nothing with an unknown argument", async () => {
    await using tun = new Docker(containerName(), {
      dockerArgs: ["--no-such-flag"],
      image,
      stderr: () => {},
    });
    const { message } = await rejectsAs(ConnectionError, tun.connect());
    assertMatch(message, /docker exited with code 125, .*: unknown flag: --no-such-flag\n/);
  });
}));
