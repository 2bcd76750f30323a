import { assert, assertEquals, assertFalse, assertMatch, assertRejects } from "@std/assert";
import { ConnectionError, SSHTunnel } from "../../../mod.ts";
import { command } from "../../services/command.ts";
import { listProcesses } from "../../services/processes.ts";
import { needing, service } from "../../services/services.ts";
import { soon } from "../_deadline.ts";
import { untilSeen, untilUnseen } from "../_family.ts";
import { Lines } from "../_lines.ts";

const NEEDS = ["ssh", "logins", "deno"] as const;
const options = () => ({ sshArgs: ["-F", service("ssh").config], deno: service("deno").path });

Deno.test(needing(NEEDS, "sudo over ssh gets its password", async (t) => {
  const { password } = service("logins");
  const secret = crypto.randomUUID();
  for (const alias of ["plain", "pty", "lecture", "localised", "free"]) {
    for (const user of [undefined, "nobody"]) {
      await t.step(`${alias} to ${user ?? "root"}`, async () => {
        const lines: string[] = [];
        await using tun = new SSHTunnel(`login-${alias}`, {
          ...options(),
          sudo: { user, password: () => Promise.resolve(password) },
          env: { SECRET: secret },
          stderr: (line) => lines.push(line),
        });
        const [uid, length] = await soon(
          tun.call((text: string) => [Deno.uid(), text.length], "x".repeat(3_000_000)),
          "the call",
        );
        assertEquals(uid === 0, user === undefined);
        assertEquals(length, 3_000_000);
        assertFalse(lines.some((line) => /^[0-9a-f]{24}/.test(line) || line.includes(password)));
        const { env, argv } = await tun.call(() => ({
          env: Object.values(Deno.env.toObject()),
          argv: Deno.args,
        }));
        assertFalse([...env, ...argv].includes(password));
        assertFalse(listProcesses().some(({ command }) => command.includes(password)));
      });
    }
  }
}));

Deno.test(needing(NEEDS, "sudo under use_pty ends with the tunnel", async () => {
  const { password } = service("logins");
  const word = crypto.randomUUID();
  await using tun = new SSHTunnel("login-pty", { ...options(), sudo: { password } });
  await tun.call((word) => {
    new Deno.Command("sh", { args: ["-c", `sleep 1000; : ${word}`] }).spawn();
  }, word);
  await untilSeen(word);
  await soon(tun.close(), "the end of the tunnel");
  await untilUnseen(word);
}));

Deno.test(needing(NEEDS, "a wrong password for sudo is one try", async () => {
  const password = "not-the-right-one";
  let asked = 0;
  const lines = new Lines();
  await using tun = new SSHTunnel("login-plain", {
    ...options(),
    sudo: { password: () => (asked++, password) },
    stderr: lines.take,
  });
  const error = await assertRejects(() => soon(tun.connect(), "the refusal"), ConnectionError);
  assertMatch(error.message, /^Cannot connect to login-plain: sudo refused the password/);
  assertEquals(asked, 1);
  // sudo itself counts what goes into its log.
  await lines.until((line) => line.includes("1 incorrect password attempt"));
  assertFalse(Deno.inspect(error).includes(password));
}));

Deno.test(needing(NEEDS, "errors name requiretty, and a password that is missing", async () => {
  const { password } = service("logins");
  const stderr = () => {};
  await using tty = new SSHTunnel("login-tty", { ...options(), stderr, sudo: { password } });
  const first = await assertRejects(() => soon(tty.connect(), "an error"), ConnectionError);
  assertMatch(first.message, /must have a tty to run sudo; requiretty .*`Defaults requiretty`/);
  await using none = new SSHTunnel("login-plain", { ...options(), stderr, sudo: true });
  const second = await assertRejects(() => soon(none.connect(), "an error"), ConnectionError);
  assertMatch(second.message, /a password is required; give it \(`sudo: { user, password }`/);
}));

Deno.test(needing(NEEDS, "Sudo gets its password on this machine, or needs none", async (t) => {
  const { password, users } = service("logins");
  const repository = new URL("../../../", import.meta.url).pathname;
  for (
    const [alias, given, expected] of [
      ["plain", password, "0"],
      ["pty", password, "0"],
      ["lecture", password, "0"],
      ["free", undefined, "0"],
      ["free", "not-needed", "0"],
      ["plain", "not-the-right-one", "sudo refused the password"],
    ] as const
  ) {
    await t.step(`${alias}: ${expected}`, async () => {
      // The user may not read the repository: this script is a bundle.
      const folder = await Deno.makeTempDir();
      await Deno.chmod(folder, 0o755);
      const script = `${folder}/script.js`;
      const bundled = await command([
        Deno.execPath(),
        "bundle",
        "--quiet",
        "--output",
        script,
        `${repository}mod.ts`,
      ]);
      assert(bundled.success, bundled.problem);
      const code = await Deno.readTextFile(script);
      await Deno.writeTextFile(
        script,
        `${code}
const tun = new Sudo(${JSON.stringify({ password: given, deno: service("deno").path })});
try {
  console.log("[" + await tun.call(Deno.uid) + "]");
} catch (error) {
  console.log("[" + error.message + "]");
}
await tun.close();`,
      );
      await Deno.chmod(script, 0o644);
      const user = users[alias];
      const { stdout, stderr } = await soon(
        command([
          ...["setpriv", `--reuid=${user}`, "--regid=nogroup", "--clear-groups", "env"],
          ...[`HOME=${folder}`, `DENO_DIR=${folder}/none`, `TMPDIR=/tmp`, service("deno").path],
          ...["run", "-A", "--no-config", script],
        ], { cwd: "/" }),
        "the script",
        60_000,
      );
      assertMatch(stdout, new RegExp(`\\[.*${expected}`), stderr);
      assertFalse(`${stdout}${stderr}`.includes(given ?? "\n\n\n"));
      await Deno.remove(folder, { recursive: true });
    });
  }
}));
