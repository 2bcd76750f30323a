import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { OPTIONS } from "../../cli/options.ts";
import { helpText } from "../../cli/help.ts";
import { Misuse } from "../../cli/misuse.ts";
import type { Request } from "../../cli/request.ts";
import { readRequest } from "../../cli/read_request.ts";
import { runCli } from "./_cli.ts";

/** Command lines, as a shell without quotes would cut them, and what is wrong with each. */
const CASES: readonly [line: string, text: string][] = [
  ["", "There is nothing to do: write -- and a command, --call MODULE#NAME, or one of put"],
  ["-w a", "There is nothing to do: write -- and a command"],
  ["-- uptime", "There are no hosts: say which, as in -w 'web[1-9],db1'"],
  ["-i x.yaml -- uptime", "There are no hosts: say which, as in -w GROUP, or -w all"],
  ["-w a uptime", '"uptime" is none of put, fetch, sync, facts: write -- before a command'],
  ["-w a put -- uptime", '"put" stands before --: only options may, and the command behind it'],
  ["-w a --", "There is no command behind --: write one"],
  ["-w", "-w has no value: write -w HOSTS"],
  ["-w -p 22 -- x", "-w has no value: write --hosts=-p if it is meant to be -p"],
  ["-w=a -- x", "-w=a has a = too many: write -w a"],
  ["--hosts= -- x", "--hosts is empty: write --hosts HOSTS"],
  ["-w a --jsno -- x", "There is no option --jsno: did you mean --json?"],
  ["-w a --concur 5 -- x", "There is no option --concur: did you mean --concurrency?"],
  ["-w a --frobnicate -- x", "There is no option --frobnicate"],
  ["-w a -z -- x", "There is no option -z"],
  ["-w a --json=yes -- x", "--json takes no value: leave out =yes"],
  ["-w a -p 0 -- x", "--port is 0: expected a whole number, 1 to 65535"],
  ["-w a -p 99999 -- x", "--port is 99999: expected a whole number, 1 to 65535"],
  ["-w a -f 0 -- x", "--concurrency is 0: expected a whole number, at least 1"],
  ["-w a -f many -- x", "--concurrency is many: expected a whole number, at least 1"],
  ["-w a --retries 1.5 -- x", "--retries is 1.5: expected a whole number, at least 0"],
  ["-w a --timeout soon -- x", "--timeout is soon: expected a time such as 30 (seconds), 500ms"],
  ["-w a --timeout 0 -- x", "--timeout is 0: expected a time"],
  ["-w a --timeout 999h -- x", "--timeout is 999h: expected a time"],
  ["-w a --max-failures 101% -- x", "--max-failures is 101%: expected a number of hosts, or a"],
  ["-w a --max-failures few -- x", "--max-failures is few: expected a number of hosts, or a part"],
  ["-w a --runtime python -- x", "--runtime is python: expected deno, node or auto"],
  ["-w a -o ForwardAgent -- x", "--ssh-option is ForwardAgent: expected KEY=VALUE, as in ssh -o"],
  ["-w a --local --docker i -- x", "--local and --docker exclude each other: leave out one"],
  ["-w a --local -l root -- x", "--user is for hosts by ssh: leave it out, or leave out --local"],
  ["-w a --docker i -J b -- x", "--jump is for hosts by ssh: leave it out, or leave out --docker"],
  ["-w a --docker i --sudo -- x", "--sudo cannot be used with --docker: use --docker-arg=--user="],
  ["-w a --docker-arg=-q -- x", "--docker-arg is for --docker IMAGE: add that, or leave it out"],
  ["-w a --ask-sudo-password -- x", "--ask-sudo-password needs --sudo or --sudo-user USER"],
  ["-w a put", "put has too few arguments: write put FILE [PATH]"],
  ["-w a put b c d", 'put has too many arguments, from "d" on: write put FILE [PATH]'],
  ["-w a fetch b", "fetch has too few arguments: write fetch PATH FILE, with {host} for the host"],
  ["-w a fetch -r b", "fetch has too few arguments: write fetch -r PATH FOLDER"],
  ["-w a sync b", "sync has too few arguments: write sync FOLDER PATH"],
  ["-w a put b --mode rw", "--mode is rw: expected an octal mode such as 644"],
  ["-w a fetch b c --mode 644", "--mode means nothing to fetch, without -r: leave it out"],
  ["-w a fetch b c --delete", "--delete means nothing to fetch, without -r: leave it out"],
  ["-w a --dry-run -- x", "--dry-run means nothing to a command: leave it out"],
  ["-w a -n facts", "--no-stdin means nothing to facts: leave it out"],
  ["-w a facts colour", "There is no fact colour: expected some of hostname, ip, os, runtime"],
  ["-w a --call ./x.ts", "--call is ./x.ts: expected MODULE#NAME, such as ./checks.ts#lag"],
  ["-w a --call #x", "--call is #x: expected MODULE#NAME"],
  ["-w a --call ./x.ts#f web", "The argument web is not JSON: write '\"web\"' if it is a text"],
];

/** Those that only show when the hosts are looked at, or files and modules. */
const LATER: readonly [line: string, text: string][] = [
  ["-w web[1- --local -- x", 'Cannot expand the hosts "web[1-": "[" has no "]"'],
  ["-w a,@b --local -- x", '"@b" is not understood (a group of clustershell)'],
  ["-w a!a --local -- x", "--hosts a!a names no host"],
  ["-w a:22 -- x", "a:22 is not a host name: write -w a -p 22, or give a its port in your"],
  ["-w -a -- x", "-w has no value"],
  ["--hosts=-a -- x", 'host is "-a": it would be read as an option'],
  ["-i /no/such.yaml -w a -- x", "Cannot read the inventory /no/such.yaml: there is no file"],
  ["-w a,b --local put /no/such", "Cannot put /no/such: here, /no/such"],
  ["-w a,b --local sync /etc/hosts /x", "Cannot sync /etc/hosts: here, /etc/hosts"],
  ["-w a,b --local fetch /etc/hosts x", 'Cannot fetch to "x": it has no {host}'],
  ["-w a --local --call ./no_such.ts#f", "Cannot load ./no_such.ts: "],
  [
    "-w a --local --call ./tests/cli/fixture/checks.ts#ad 1",
    "checks.ts exports no function ad: the functions that it exports: add, count, fails, failsOddly, hidden, join, noJson, odd",
  ],
];

function wordsOf(line: string): string[] {
  return line === "" ? [] : line.split(" ");
}

Deno.test("a command line that is wrong says what is, and what to do", async () => {
  for (const [line, text] of CASES) {
    let said = "";
    try {
      await readRequest(wordsOf(line));
    } catch (error) {
      assert(error instanceof Misuse, `${line}: ${error}`);
      said = (error as Misuse).message;
    }
    assert(said.includes(text), `${line || "nothing"}: ${said} has not ${text}`);
  }
});

Deno.test("a command line that is wrong ends with code 2, before any host is begun", async () => {
  const root = new URL("../../", import.meta.url).pathname;
  const some = [...LATER, CASES[0]!, CASES[11]!];
  for (const [line, text] of some) {
    const { code, out, err } = await runCli(wordsOf(line), { cwd: root });
    assertEquals([code, out], [2, ""], `${line}: ${err}`);
    assertStringIncludes(err, text);
    assertStringIncludes(err, "\nSee --help\n");
  }
});

Deno.test("--help names every option, and prints nothing else", async () => {
  const { code, out, err } = await runCli(["-w", "a", "--help"]);
  assertEquals([code, err], [0, ""]);
  assertEquals(out, `${helpText()}\n`);
  for (const [name, { short, value }] of Object.entries(OPTIONS)) {
    const form = `${short === undefined ? "    " : `-${short}, `}--${name}${
      value ? ` ${value}` : ""
    }`;
    assertStringIncludes(out, `\n  ${form}`);
  }
  assert(out.split("\n").every((line) => [...line].length < 80), "it is wider than a terminal");
  assertEquals((await runCli(["-h"])).out, out);
});

Deno.test("--help behind -- belongs to the command", async () => {
  const request = await readRequest(["-w", "a", "--", "df", "--help"]) as Request;
  assertEquals(request.task, { kind: "command", command: ["df", "--help"], stdin: true });
});
