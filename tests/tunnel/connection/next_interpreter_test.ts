import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ConnectionError, Local, RuntimeNotFoundError } from "../../../mod.ts";
import { needing, service } from "../../services/services.ts";
import { rejectsAs, soon, withTime } from "../_deadline.ts";
import { newMark, survivorsWith } from "../_family.ts";
import { Driver } from "../_kinds.ts";

/** Programs that are called Deno somewhere and start no agent. */
const BROKEN: Readonly<Record<string, string>> = {
  "a version manager's shim": "echo 'No version is set for command deno' >&2; exit 126",
  "one for another libc": `echo "$0: version 'GLIBC_2.27' not found (required by $0)" >&2; exit 1`,
  "one that crashes": "kill -SEGV $$",
  "one that ends well": "exit 0",
  "one that reads the wrong descriptor, and leaves a child": "sleep 1000 & cat; exit 5",
  "one that says nothing": "exec sleep 1000",
  "one that ignores a signal": "trap '' TERM; while :; do sleep 1000; done",
};

/** Makes a program of a shell script. */
async function program(folder: string, name: string, script: string): Promise<string> {
  await Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return `${folder}/${name}`;
}

Deno.test(needing("node", "a tunnel takes Node if there is a Deno, but", async (t) => {
  const node = service("node").paths["20"];
  const folder = await Deno.makeTempDir();
  const works = (deno: string): Promise<void> =>
    // Half of it is for the one that hangs.
    withTime(8_000, async (connectTimeout) => {
      await using tun = new Local("here", { deno, node, stderr() {}, connectTimeout });
      assertEquals(await soon(tun.call(Math.max, 1, 2), "the call"), 2);
      assertEquals(tun.info!.runtime, "node");
    }, 16_000);
  try {
    for (const [what, script] of Object.entries(BROKEN)) {
      await t.step(what, async () => await works(await program(folder, "deno", script)));
    }
    await t.step("one for another machine", async () => {
      const elf = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, ...Array(9).fill(0), 2, 0, 0xb7, 0];
      await Deno.writeFile(`${folder}/arm`, new Uint8Array(elf), { mode: 0o755 });
      await works(`${folder}/arm`);
    });
    await t.step("one whose system limits its memory", async () => {
      const script = `ulimit -v 200000; exec ${Deno.execPath()} "$@"`;
      await works(await program(folder, "small", script));
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}));

Deno.test("what each interpreter said is in the error, and nothing of them stays", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const mark = newMark();
    const deno = await program(folder, "deno", "echo first; echo 'cannot open it' >&2; exit 3");
    const node = await program(folder, "node", `sleep ${mark} & echo an error in Node; exit 4`);
    await using tun = new Local("here", { deno, node, stderr() {} });
    const { message } = await rejectsAs(RuntimeNotFoundError, tun.connect());
    assertEquals(
      message.split("\n")[0],
      `Cannot connect to here: ${deno} exited with code 3: cannot open it; ` +
        `${node} exited with code 4: an error in Node`,
    );
    await tun.close();
    assertEquals(survivorsWith(mark), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a slow interpreter is waited for if there is no other", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const deno = await program(folder, "deno", `sleep 3; exec ${Deno.execPath()} "$@"`);
    const options = { deno, runtime: "deno", stderr() {}, connectTimeout: 4_000 } as const;
    await using tun = new Local("here", options);
    // It takes more than half of the time that connecting may take, and may take all of it.
    const [outcome] = await Promise.allSettled([soon(tun.call(Math.max, 1, 2), "the call")]);
    if (outcome!.status === "fulfilled") assertEquals(outcome.value, 2);
    else assertStringIncludes(`${outcome!.reason}`, "no answer within 4000 ms, starting deno");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an agent's death starts no other interpreter, whatever its exit code", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const node = await program(folder, "node", `touch ${folder}/started`);
    for (const code of [0, 1, 90, 91, 92, 93, 94, 255]) {
      const script = `${Deno.execPath()} "$@"; exit ${code}`;
      const deno = await program(folder, "deno", script);
      await using tun = new Local("here", { deno, node, stderr() {} });
      const lost = tun.call(() => Deno.kill(Deno.pid, "SIGKILL"));
      const { message, exitCode } = await rejectsAs(ConnectionError, lost);
      assertStringIncludes(message, `Lost the connection to here: the agent exited with code`);
      assertEquals(exitCode, code);
    }
    await assertRejects(() => Deno.stat(`${folder}/started`), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the variables of `env` are not for the shell's own programs", async (t) => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.symlink(Deno.execPath(), `${folder}/my-deno`);
    for (const PATH of ["/opt/app/bin", "", folder]) {
      await t.step(`PATH=${PATH}`, async () => {
        // A far end without the interpreter that runs this process.
        const deno = PATH === folder ? "my-deno" : Deno.execPath();
        await using tun = new Driver(["env", "A=1"], { runtime: "deno", deno, env: { PATH } });
        assertEquals(await tun.call(() => Deno.env.get("PATH")), PATH);
      });
    }
    await t.step("a library that cannot be loaded", async () => {
      const env = { LD_LIBRARY_PATH: "/no", A: "it's\n" };
      await using tun = new Local("here", { env });
      assertEquals(await tun.call(() => Deno.env.get("A")), "it's\n");
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the shell runs only the line that was meant for it, if something read stdin", async (t) => {
  const folder = await Deno.makeTempDir();
  try {
    const readers: Record<string, string> = {
      "a line": 'IFS= read -r x;exec "$@"',
      "two lines": 'read x;read x;exec "$@"',
      "a byte": 'head -c 1 >/dev/null;exec "$@"',
      "a part of the line": 'dd bs=100 count=1 2>/dev/null >&2;exec "$@"',
      "a line, and some of the agent": 'read x;dd bs=1000 count=1 2>/dev/null >&2;exec "$@"',
    };
    for (const [what, script] of Object.entries(readers)) {
      await t.step(what, async () => {
        const inFolder = `cd ${folder};${script}`;
        await using tun = new Driver(["sh", "-c", inFolder, "sh"], { stderr() {} });
        const error = await soon(rejectsAs(ConnectionError, tun.connect()), "the failure");
        assertStringIncludes(error.message, "driver: something at the far end reads stdin before");
        assertEquals([error.stderr, error.stdout], ["", ""]);
      });
    }
    assertEquals([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
