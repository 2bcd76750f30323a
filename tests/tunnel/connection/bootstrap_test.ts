import { assertEquals, assertStringIncludes } from "@std/assert";
import { OLDEST_DENO, OLDEST_NODE, TOO_OLD } from "../../../agent/protocol/exit_code.ts";
import {
  AGENT_COMMAND,
  bootstrapLine,
  type BootstrapOptions,
} from "../../../tunnel/connection/bootstrap.ts";
import { exitCodeAtEnd } from "../../../tunnel/connection/exit_notice.ts";
import { FIRST_STAGE } from "../../../tunnel/connection/first_stage.ts";
import { listProcesses, type Process } from "../../services/processes.ts";
import { familyOf, newMark, untilGone } from "../_family.ts";
import { until } from "../operation/_files.ts";

const MARKER = "0123456789abcdef0123456789abcdef";

const OPTIONS: BootstrapOptions = {
  marker: MARKER,
  runtime: "auto",
  useCache: false,
  permissionFlags: [],
  env: {},
  killGroup: false,
  connectTimeout: 0,
  signInterval: 1_000,
};

Deno.test("bootstrapLine() is one line", () => {
  const line = bootstrapLine({ ...OPTIONS, cwd: "/a\nb", env: { A: "\n" }, deno: "/c\nd" });
  assertEquals(line.indexOf("\n"), line.length - 1);
});

Deno.test("bootstrapLine() enters a relative folder below the one that the shell starts in", () => {
  for (const [cwd, word] of [["sub", "./sub"], ["-", "./-"], ["./a", "./a"], ["/a", "/a"]]) {
    assertStringIncludes(bootstrapLine({ ...OPTIONS, cwd }), `;cd -- ${word}||`);
  }
});

Deno.test("bootstrapLine() has the shell print an exit code as exitCodeAtEnd() reads it", async () => {
  const [, format] = /(printf "\\[^"]+") \$_cc/.exec(bootstrapLine(OPTIONS))!;
  for (const code of [0, 9, 93, 255]) {
    const script = `printf before; ${format} ${code} ${MARKER}`;
    const { stdout } = await new Deno.Command("/bin/sh", { args: ["-c", script] }).output();
    const before = new TextEncoder().encode("before");
    assertEquals(exitCodeAtEnd(stdout, MARKER), { code, before });
  }
});

Deno.test("FIRST_STAGE refuses what is older than the oldest versions", () => {
  const code = decodeURIComponent(FIRST_STAGE);
  const [check, isTooOld] = /if\((D\?.*?)\)\(D\|\|process\)\.exit\(\d+\);/.exec(code)!;
  assertStringIncludes(check, `(D||process).exit(${TOO_OLD})`);
  const evaluate = new Function("D", "a", "b", "v", `return ${isTooOld}`);
  const refuses = (runtime: "deno" | "node", version: string): boolean =>
    evaluate(runtime === "deno", ...version.split(".").slice(0, 2), { SourceTextModule: class {} });
  assertEquals([OLDEST_DENO, OLDEST_NODE], ["2.9", "18"]);
  for (const version of ["1.99.0", "2.0.0", "2.8.9"]) assertEquals(refuses("deno", version), true);
  for (const version of ["2.9.0", "2.10.1", "3.0.0"]) assertEquals(refuses("deno", version), false);
  for (const version of ["9.0.0", "17.9.1"]) assertEquals(refuses("node", version), true);
  for (const version of ["18.0.0", "20.1.0", "100.0.0"]) {
    assertEquals(refuses("node", version), false);
  }
  assertEquals(evaluate(false, "20", "1", {}), true, "a Node that cannot load modules");
});

Deno.test("FIRST_STAGE has nothing that a quote or a URL would end at", () => {
  assertEquals(/[^!-~ ]|[#?'\\]|%(?![\da-f]{2})/.exec(FIRST_STAGE), null);
  assertEquals(new URL(FIRST_STAGE).href, FIRST_STAGE);
});

Deno.test({
  name: "bootstrapLine() leaves nothing of an agent that ends when nobody reads its output",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const mark = newMark();
    const folder = await Deno.makeTempDir();
    const agent =
      `#!/bin/sh\necho u >&5\n(trap "" TERM;exec sleep ${mark})&\nwhile [ ! -e ${folder}/end ];do sleep .1;done\n`;
    Deno.writeTextFileSync(`${folder}/agent`, agent, { mode: 0o755 });
    const shell = startShell("null");
    const stdin = shell.stdin.getWriter();
    try {
      const line = bootstrapLine({ ...OPTIONS, deno: `${folder}/agent` });
      await stdin.write(new TextEncoder().encode(line));
      const family = await familyOf(mark);
      await shell.stdout.cancel();
      Deno.createSync(`${folder}/end`).close();
      await untilGone(family);
    } finally {
      try {
        Deno.kill(-shell.pid, "SIGKILL");
      } catch {
        // Nothing is left, as it should be.
      }
      await stdin.close().catch(() => {});
      await shell.status;
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "bootstrapLine() leaves no process that holds the outputs when the shell has ended",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const folder = await Deno.makeTempDir();
    const agent = "#!/bin/sh\necho u >&5\nread -r line <&3\nexit 93\n";
    Deno.writeTextFileSync(`${folder}/agent`, agent, { mode: 0o755 });
    const shell = startShell("piped");
    try {
      const outputs = [1, 2].map((fd) => Deno.readLinkSync(`/proc/${shell.pid}/fd/${fd}`));
      const stdin = shell.stdin.getWriter();
      const line = bootstrapLine({ ...OPTIONS, deno: `${folder}/agent` });
      await stdin.write(new TextEncoder().encode(`${line}end\n`));
      await shell.status;
      await until(() => {
        const holders = groupOf(shell.pid)
          .filter(({ pid }) => openFiles(pid).some((file) => outputs.includes(file)))
          .map(({ command }) => command);
        // A shell that was only just started may be about to close them.
        assertEquals(holders.filter((command) => command.startsWith("sleep")), []);
        return holders.length === 0;
      }, "the end of all that holds the outputs");
      await stdin.close().catch(() => {});
      await Promise.all([shell.stdout.cancel(), shell.stderr.cancel()]);
    } finally {
      try {
        Deno.kill(-shell.pid, "SIGKILL");
      } catch {
        // Nothing is left.
      }
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Starts the shell at a far end, in a process group of its own. */
function startShell(stderr: "null" | "piped"): Deno.ChildProcess {
  const [program, ...args] = AGENT_COMMAND;
  const stdio = { stdin: "piped", stdout: "piped", stderr } as const;
  return new Deno.Command(program!, { args, ...stdio, detached: true }).spawn();
}

/** The processes in a process group. */
function groupOf(group: number): Process[] {
  return listProcesses().filter(({ pid }) => {
    try {
      const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
      return stat.slice(stat.lastIndexOf(")")).split(" ")[3] === String(group);
    } catch {
      return false; // it has ended
    }
  });
}

/** What the descriptors of a process lead to. */
function openFiles(pid: number): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return [...Deno.readDirSync(folder)].map(({ name }) => Deno.readLinkSync(`${folder}/${name}`));
  } catch {
    return []; // it has ended
  }
}
