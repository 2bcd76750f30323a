import { assertEquals, assertStringIncludes } from "@std/assert";
import { RuntimeNotFoundError } from "../../../mod.ts";
import type { FallenInterpreter } from "../../../tunnel/connection/boot_reader.ts";
import {
  ConnectionFailure,
  type ConnectionFailureOptions,
} from "../../../tunnel/connection/connection_failure.ts";
import { isTemporary } from "../../../tunnel/connection_error.ts";

const BOOT: ConnectionFailureOptions["boot"] = {
  stage: "shell",
  interpreter: "",
  failure: undefined,
  fallen: [],
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
    connectTimeout: 6_000,
    process: { exit: { code: 255, signal: null } },
    boot: BOOT,
    lines: { tail },
    ...more,
  });
}

/** What a far end tells that could start no interpreter. */
function noneOf(fallen: FallenInterpreter[]): ConnectionFailureOptions["boot"] {
  return { ...BOOT, failure: "none", fallen };
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
    ["\x1b[1mfailed\x1b[2J", ": failed\\x1b[2J"],
    [`error ${"x".repeat(1_000)}`, `: error ${"x".repeat(294)}…`],
  ];
  for (const [tail, reason] of reasons) {
    assertEquals(firstLine(failureWith(tail).ofEnd()), `${prefix}${reason}`);
  }
});

Deno.test("ConnectionFailure.ofEnd() gives a line of stdout if stderr has only warnings", () => {
  const boot = { ...BOOT, noise: "This account is currently not available." };
  for (const tail of ["", "bash: warning: setlocale: LC_ALL: cannot change locale (de_DE)"]) {
    assertStringIncludes(
      firstLine(failureWith(tail, { boot }).ofEnd()),
      "at the far end: This account is currently not available.",
    );
  }
  assertStringIncludes(
    firstLine(failureWith("Go away", { boot }).ofEnd()),
    "at the far end: Go away",
  );
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
    boot: { ...BOOT, failure: "cwd" },
  });
  assertEquals(
    firstLine(folder.ofEnd()),
    "Cannot connect to web1: cannot enter the folder /x: sh: /x: no such file",
  );
  const none = failureWith("", { boot: { ...BOOT, failure: "none" } }).ofEnd();
  assertEquals(
    firstLine(none),
    "Cannot connect to web1: found no Deno 2.9 or newer (looked for /d)",
  );
  assertEquals(none instanceof RuntimeNotFoundError, true);
});

Deno.test("ConnectionFailure lists what each interpreter said that did not come up", () => {
  const boot = noneOf([
    { word: "old", text: "/d is deno 1.0" },
    { word: "failed", text: "126 /my shims/deno" },
    { word: "failed", text: "hung /e" },
    { word: "failed", text: "139 /f" },
  ]);
  const failure = failureWith("", { boot });
  for (const said of ["", "No version is set\nConsider adding one", ""]) failure.addSaid(said);
  assertEquals(
    firstLine(failure.ofEnd()),
    "Cannot connect to web1: /d is deno 1.0, which is too old; " +
      "/my shims/deno exited with code 126: No version is set; " +
      "/e was not up after 3000 ms; /f exited with code 139 (ended by signal 11); " +
      "found no other Deno 2.9 or newer (looked for /d)",
  );
});

Deno.test("ConnectionFailure shows nothing of the far end as it is, nor without a limit", () => {
  const escape = "\x1b]0;owned\x07";
  const boot = noneOf([
    { word: "failed", text: `${escape} ${escape}` },
    { word: "old", text: escape },
    { word: "failed", text: `1 /${"x".repeat(1000)}` },
    ...Array.from({ length: 200 }, (_, i) => ({ word: "failed" as const, text: `1 /${i}` })),
  ]);
  const failure = failureWith(escape, { boot });
  failure.addSaid(escape);
  for (let i = 1; i <= 200; i++) failure.addSaid(`said ${i}`);
  const { message } = failure.ofEnd();
  // deno-lint-ignore no-control-regex -- a terminal obeys them
  assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.exec(message), null);
  assertEquals(message.includes("x".repeat(301)), false);
  assertEquals([99, 100].map((i) => message.includes(`: said ${i};`)), [true, false]);
});

Deno.test("ConnectionFailure lists no other places if there was only one", () => {
  const failure = failureWith("", {
    interpreters: { runtime: "deno", deno: "~/my/deno" },
    boot: noneOf([{ word: "failed", text: "3 /root/my/deno" }]),
  });
  failure.addSaid("no way");
  assertEquals(
    firstLine(failure.ofEnd()),
    "Cannot connect to web1: /root/my/deno exited with code 3: no way",
  );
});

Deno.test("ConnectionFailure says that something else has read what was sent", () => {
  const { message } = failureWith("", { process: { exit: { code: 94, signal: null } } }).ofEnd();
  assertStringIncludes(message, "reads stdin before the agent's shell does, such as a `read` in");
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

Deno.test("ConnectionFailure.ofTimeout() is temporary as long as no shell has told anything", () => {
  for (const stage of ["shell", "bringing", "interpreter", "agent"] as const) {
    const error = failureWith("", { boot: { ...BOOT, stage } }).ofTimeout(6_000);
    assertEquals(isTemporary(error), stage === "shell", stage);
  }
});
