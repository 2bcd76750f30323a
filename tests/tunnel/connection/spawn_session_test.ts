import { assertEquals, assertThrows } from "@std/assert";
import { spawnSession } from "../../../tunnel/connection/spawn_session.ts";
import { command } from "../../services/command.ts";
import { soon } from "../_deadline.ts";

const stdio = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;

/** The process, its group and its session, as a shell that was started sees them. */
const OWN_IDS = "s=;read -r s </proc/$$/stat;set -- ${s##*\\) };echo $$ $3 $4";

Deno.test({
  name: "spawnSession() starts a program in a session of its own, whose number is the process's",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const child = spawnSession("sh", { args: ["-c", OWN_IDS], ...stdio });
    const { stdout } = await soon(child.output(), "the output");
    await child.stdin.close();
    const pid = String(child.pid);
    assertEquals(new TextDecoder().decode(stdout).trim().split(" "), [pid, pid, pid]);
  },
});

Deno.test("spawnSession() passes arguments and variables on, and the exit code back", async () => {
  const args = ["-c", 'printf "%s|" "$@" "$A";exit 7', "sh", "-x", "", "a b", "--", "$HOME"];
  const child = spawnSession("/bin/sh", { args, env: { A: "b c" }, ...stdio });
  const { stdout, code } = await soon(child.output(), "the output");
  await child.stdin.close();
  assertEquals(new TextDecoder().decode(stdout), "-x||a b|--|$HOME|b c|");
  assertEquals(code, 7);
});

Deno.test("spawnSession() throws what Deno.Command does for what is no program", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/plain`, "");
    const programs = ["no-such-program", `${folder}/no`, `${folder}/plain`, folder, "", "-x"];
    for (const program of programs) {
      const ours = assertThrows(() => spawnSession(program, stdio)) as Error;
      const command = new Deno.Command(program, { ...stdio, detached: true });
      const denos = assertThrows(() => command.spawn()) as Error;
      assertEquals([ours.name, ours.message], [denos.name, denos.message]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("spawnSession() needs no permission but to run the program", async () => {
  const url = import.meta.resolve("../../../tunnel/connection/spawn_session.ts");
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(
      script,
      `import { spawnSession } from ${JSON.stringify(url)};
      const child = spawnSession("sh", { args: ["-c", "exit 7"] });
      console.log((await child.status).code);`,
    );
    const args = ["run", "--no-prompt", "--allow-run=sh", script];
    const { stdout, problem } = await command([Deno.execPath(), ...args]);
    assertEquals(stdout, "7\n", problem);
  } finally {
    await Deno.remove(script);
  }
});
