import { assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { listProcesses } from "../services/processes.ts";
import { needing, service } from "../services/services.ts";
import { untilSeen, untilUnseen } from "../tunnel/_family.ts";
import { until } from "../tunnel/operation/_files.ts";
import { ended, sshHosts, startCli, tempFolder } from "./_cli.ts";
import { Tmux } from "./_tmux.ts";

const NEEDS = ["ssh", "tmux"] as const;

/** A command that takes long on two hosts, with a word that finds its processes. */
function longCommand(word: string): string {
  return `case $SSH_CONNECTION in *' 127.0.0.'[23]' '*) sh -c 'sleep 1000; : on ${word}';; esac; ` +
    "echo done";
}

/** A command that ends when a file is there. */
function untilThere(file: string): string {
  return `while [ ! -e ${file} ]; do sleep 0.1; done`;
}

/** How many hosts take long now. */
function longOnes(word: string): number {
  return listProcesses().filter(({ command }) => command.endsWith(`sleep 1000; : on ${word}`))
    .length;
}

Deno.test(
  needing(NEEDS, "a terminal shows how many hosts are done, and which are slow", async () => {
    const word = crypto.randomUUID();
    await using tmux = await Tmux.open();
    await tmux.start([...sshHosts("host[1-10]"), "--", longCommand(word)]);
    const screen = await tmux.until(/8 of 10 hosts done; 2 at work for up to \d+ s: host\[2-3\]/);
    assertEquals(screen.trim().split("\n").length, 1, screen);
    await tmux.press("C-c");
    const end = await tmux.until(/code \d+/);
    assertEquals(
      end.replace(/\n\$ ?$/, ""),
      "10 hosts: 8 ok, 2 aborted\n  host[1,4-10] (8)\n    done\n" +
        "  host[2-3] (2)  aborted: interrupted\ncode 130",
    );
    await untilUnseen(word, "tmux");
  }),
);

Deno.test(
  needing(NEEDS, "the progress takes one line, however narrow the terminal is", async () => {
    await using folder = await tempFolder();
    const file = `${folder.path}/go`;
    await using tmux = await Tmux.open(30);
    await tmux.start([...sshHosts("host[1-3]"), "--", untilThere(file)]);
    const screen = await tmux.until(/hosts done/);
    assertMatch(screen, /^0 of 3 hosts done.*$/);
    await tmux.until(/hosts done; .*…$/);
    await Deno.writeTextFile(file, "");
    const end = await tmux.until(/code 0/);
    assertFalse(end.includes("done"), end);
  }),
);

Deno.test(needing(NEEDS, "lines that are streamed stand above the progress", async () => {
  await using folder = await tempFolder();
  const file = `${folder.path}/go`;
  await using tmux = await Tmux.open();
  const command = `for i in 1 2 3; do echo line $i; sleep 0.5; done; ${untilThere(file)}; echo end`;
  await tmux.start([...sshHosts("host[1-2]"), "--stream", "--", command]);
  await tmux.until(/host1: line 3[^]*0 of 2 hosts done/);
  await Deno.writeTextFile(file, "");
  const end = await tmux.until(/code 0/);
  const lines = end.split("\n").filter((line) => line.startsWith("host"));
  assertEquals(lines.length, 8, end);
  assertFalse(end.includes("hosts done"), end);
}));

Deno.test(
  needing(NEEDS, "Ctrl-C before any host is done shows what there is, and ends all", async () => {
    const word = crypto.randomUUID();
    await using tmux = await Tmux.open();
    await tmux.start([...sshHosts("host[2-3]"), "--", longCommand(word)]);
    await tmux.until(/0 of 2 hosts done; 2 at work/);
    await untilSeen(word, "tmux");
    await tmux.press("C-c");
    const end = await tmux.until(/code \d+/);
    assertStringIncludes(
      end,
      "2 hosts: 2 aborted\n  host[2-3] (2)  aborted: interrupted\ncode 130",
    );
    await untilUnseen(word, "tmux");
  }),
);

Deno.test(
  needing(
    "ssh",
    "SIGINT without a terminal prints the results that are there as JSON",
    async () => {
      const word = crypto.randomUUID();
      // The third host has its turn when the first is done.
      const args = [...sshHosts("host[1-3]"), "-f", "2", "--json", "--", longCommand(word)];
      const child = startCli(args);
      await child.stdin.close();
      await until(() => longOnes(word) === 2, "the commands");
      child.kill("SIGINT");
      const { code, out, err } = await ended(child, args);
      assertEquals([code, err], [130, ""]);
      const { host1, host2, host3 } = JSON.parse(out);
      assertEquals(host1.stdout, "done\n");
      for (const host of [host2, host3]) {
        assertEquals(host, {
          error: "interrupted",
          aborted: true,
        });
      }
      await untilUnseen(word, "tmux");
    },
  ),
);

Deno.test(needing([...NEEDS, "logins"], "--ask-password asks once for all hosts", async () => {
  const { password } = service("logins");
  await using tmux = await Tmux.open();
  await tmux.start([...sshHosts("asks-[1-3]"), "--ask-password", "--", "echo in"]);
  await tmux.until(/^Password:/m);
  await tmux.type(password);
  await tmux.press("Enter");
  const end = await tmux.until(/code \d+/);
  assertStringIncludes(end, "3 hosts: 3 ok\n  asks-[1-3] (3)\n    in\ncode 0");
  assertEquals(end.match(/Password:/g)?.length, 1);
  assertFalse(end.includes(password));
}));

Deno.test(needing([...NEEDS, "logins"], "--ask-sudo-password asks once for sudo's", async () => {
  const { password } = service("logins");
  await using tmux = await Tmux.open();
  const options = ["--sudo", "--ask-sudo-password"];
  await tmux.start([...sshHosts("login-plain,login-pty"), ...options, "--", "id -un"]);
  await tmux.until(/^sudo password:/m);
  await tmux.type(password);
  await tmux.press("Enter");
  const end = await tmux.until(/code \d+/);
  assertMatch(end, /2 hosts: 2 ok\n {2}login-plain,login-pty \(2\)\n {4}root\ncode 0/);
  assertEquals(end.match(/sudo password:/g)?.length, 1);
}));
