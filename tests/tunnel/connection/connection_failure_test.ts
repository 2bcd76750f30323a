import { assertEquals } from "@std/assert";
import { RuntimeNotFoundError } from "../../../mod.ts";
import {
  ConnectionFailure,
  type ConnectionFailureOptions,
} from "../../../tunnel/connection/connection_failure.ts";

const BOOT: ConnectionFailureOptions["boot"] = {
  stage: "shell",
  interpreter: "",
  failure: undefined,
  noise: "",
};

/** The failure of a connection that has printed `tail`. */
function failureWith(
  tail: string,
  more: Partial<ConnectionFailureOptions> = {},
): ConnectionFailure {
  return new ConnectionFailure({
    host: "web1",
    command: ["ssh", "web1"],
    interpreters: { runtime: "deno", deno: "/d" },
    cwd: undefined,
    process: { exit: { code: 255, signal: null } },
    boot: BOOT,
    lines: { tail },
    ...more,
  });
}

const firstLine = ({ message }: Error): string => message.split("\n")[0]!;

Deno.test("ConnectionFailure.ofEnd() gives the line of stderr that says why", () => {
  const prefix = "Cannot connect to web1: ssh exited with code 255, " +
    "waiting for a shell at the far end";
  const reasons: [tail: string, reason: string][] = [
    ["", ""],
    ["the last line", ": the last line"],
    ["ssh: Connection refused\nusage: ssh host", ": ssh: Connection refused"],
    ["  Permission denied  \n    at failed (error.ts:1:1)", ": Permission denied"],
    ["\x1b[1mfailed", ": \\x1b[1mfailed"],
    [`error ${"x".repeat(1_000)}`, `: error ${"x".repeat(294)}…`],
  ];
  for (const [tail, reason] of reasons) {
    assertEquals(firstLine(failureWith(tail).ofEnd()), `${prefix}${reason}`);
  }
});

Deno.test("ConnectionFailure.ofEnd() says how the agent ended, once it was up", () => {
  const failure = failureWith("an error\nthe last line");
  failure.wasUp = true;
  assertEquals(
    firstLine(failure.ofEnd()),
    "Lost the connection to web1: ssh exited with code 255: the last line",
  );
  failure.agentExitCode = 137;
  const error = failure.ofEnd();
  assertEquals(
    firstLine(error),
    "Lost the connection to web1: the agent exited with code 137 (ended by signal 9): the last line",
  );
  assertEquals(error.exitCode, 137);
  const killed = failureWith("", { process: { exit: { code: null, signal: "SIGTERM" } } });
  killed.wasUp = true;
  assertEquals(
    firstLine(killed.ofEnd()),
    "Lost the connection to web1: ssh was ended by SIGTERM",
  );
});

Deno.test("ConnectionFailure.ofEnd() says why the shell could not start an agent", () => {
  const folder = failureWith("sh: /x: no such file", {
    cwd: "/x",
    boot: { ...BOOT, failure: { word: "cwd", text: "" } },
  });
  assertEquals(
    firstLine(folder.ofEnd()),
    "Cannot connect to web1: cannot enter the folder /x: sh: /x: no such file",
  );
  const none = failureWith("", {
    boot: { ...BOOT, failure: { word: "none", text: "/d is deno 1.0;" } },
  }).ofEnd();
  assertEquals(
    firstLine(none),
    "Cannot connect to web1: found no Deno 2.9 or newer (looked for /d); too old: /d is deno 1.0;",
  );
  assertEquals(none instanceof RuntimeNotFoundError, true);
});

Deno.test("ConnectionFailure tells a timeout from a silence", () => {
  const boot = { ...BOOT, stage: "interpreter", interpreter: "deno /d" } as const;
  const failure = failureWith("", { boot, process: { exit: undefined } });
  assertEquals(
    firstLine(failure.ofTimeout(5)),
    "Cannot connect to web1: no answer within 5 ms, starting deno /d",
  );
  assertEquals(
    firstLine(failure.ofSilence(45)),
    "Lost the connection to web1: no sign of life for 45 ms",
  );
  assertEquals(failure.ofTimeout(5).exitCode, null);
});
