import { assertEquals, assertFalse, assertMatch } from "@std/assert";
import { needing, service } from "../../services/services.ts";
import { untilSeen, untilUnseen } from "../_family.ts";
import { inTerminal } from "./_terminal.ts";

const NEEDS = ["ssh", "logins", "deno"] as const;
const options = () => ({ sshArgs: ["-F", service("ssh").config], deno: service("deno").path });

Deno.test(needing(NEEDS, "Ctrl-C leaves the tunnels to the script's own handler", async () => {
  await using terminal = await inTerminal(
    `
    const tun = new lib.SSHTunnel("host1", OPTIONS);
    const pid = await tun.call(() => Deno.pid);
    Deno.addSignalListener("SIGINT", async () => {
      console.log(pid === await tun.call(() => Deno.pid) ? "same agent" : "another agent");
      await tun.close();
      Deno.exit(130);
    });
    console.log("ready");
    await tun.call(() => new Promise(() => {})).catch(() => {});
    `,
    { OPTIONS: options() },
  );
  await terminal.until(/ready/);
  await terminal.type("\x03");
  await terminal.until(/same agent/);
  const { before, after } = await terminal.end();
  assertEquals(after, before);
}));

Deno.test(needing(NEEDS, "Ctrl-C without a handler ends all at both ends", async () => {
  const word = crypto.randomUUID();
  await using terminal = await inTerminal(
    `
    const options = { ...OPTIONS, sshArgs: ["-o", "SetEnv LC_WORD=" + WORD, ...OPTIONS.sshArgs] };
    const tun = new lib.SSHTunnel("host1", options);
    await tun.call((word) => {
      new Deno.Command("sh", { args: ["-c", "sleep 1000; : " + word] }).spawn();
    }, WORD);
    console.log("ready");
    await tun.call(() => { for (;;); });
    `,
    { OPTIONS: options(), WORD: word },
  );
  await terminal.until(/ready/);
  await untilSeen(word);
  await terminal.type("\x03");
  const { before, after } = await terminal.end();
  assertEquals(after, before);
  await untilUnseen(word);
}));

Deno.test(
  needing(NEEDS, "Ctrl-C at a question ends the script, its ssh and the helper", async () => {
    await using terminal = await inTerminal(
      `
    console.log("script " + Deno.pid);
    const tunnels = ["asks-1", "asks-2"].map((host) => new lib.SSHTunnel(host, OPTIONS));
    await Promise.all(tunnels.map((tun) => tun.connect()));
    `,
      { OPTIONS: options() },
    );
    await terminal.until(/password: $/);
    await terminal.type("half a pass\x03");
    const { before, after } = await terminal.end();
    assertEquals(after, before);
    assertFalse(terminal.screen.includes("half a pass"));
    assertEquals(terminal.screen.match(/password:/g)?.length, 1);
    const pid = terminal.screen.match(/script (\d+)/)![1]!;
    await untilUnseen(`chopsticks-login-${pid}-`);
  }),
);

Deno.test(needing(NEEDS, "Ctrl-C at a question runs the script's own handler first", async () => {
  await using terminal = await inTerminal(
    `
    Deno.addSignalListener("SIGINT", () => { console.log("handled"); });
    const tunnels = ["asks-1", "asks-2"].map((host) => new lib.SSHTunnel(host, OPTIONS));
    for (const result of await Promise.allSettled(tunnels.map((tun) => tun.connect()))) {
      console.log(result.status, result.reason.message.split("\\n")[0]);
    }
    `,
    { OPTIONS: options() },
  );
  await terminal.until(/password: $/);
  await terminal.type("\x03");
  const { before, after } = await terminal.end();
  assertEquals(after, before);
  assertMatch(terminal.screen, /handled[^]*rejected[^]*no answer[^]*rejected[^]*no answer/);
}));

Deno.test(
  needing(NEEDS, "SIGTERM and SIGHUP at a question leave the terminal as it was", async (t) => {
    for (const signal of ["SIGTERM", "SIGHUP"] as const) {
      await t.step(signal, async () => {
        await using terminal = await inTerminal(
          `
        console.log("script " + Deno.pid);
        await new lib.SSHTunnel("asks-1", OPTIONS).connect();
        `,
          { OPTIONS: options() },
        );
        const pid = (await terminal.until(/script \d+[^]*password: $/)).match(/script (\d+)/)![1]!;
        Deno.kill(Number(pid), signal);
        const { before, after } = await terminal.end();
        assertEquals(after, before);
        await untilUnseen(`chopsticks-login-${pid}-`);
      });
    }
  }),
);

Deno.test(needing(NEEDS, "a question goes on after Ctrl-Z and fg, and so does a call", async () => {
  const { password } = service("logins");
  await using terminal = await inTerminal(
    `
    console.log("script " + Deno.pid);
    await using tun = new lib.SSHTunnel("asks-1", OPTIONS);
    console.log(await tun.call(() => "answered"));
    console.log(await tun.call(() => "again"));
    `,
    { OPTIONS: options() },
    true,
  );
  await terminal.until(/password: $/);
  await terminal.type(`${password.slice(0, 3)}\x1a`);
  await terminal.until(/Stopped[^]*\$ $/);
  await terminal.type("stty -a | grep -o ' [-]*echo ' | sed s/^/mode/\r");
  await terminal.until(/mode echo/);
  await terminal.type("fg\r");
  await terminal.until(/fg[^]*password: $/);
  await terminal.type(`${password.slice(3)}\r`);
  await terminal.until(/answered[^]*again[^]*\$ $/);
  assertFalse(terminal.screen.includes(password.slice(0, 3)));
  await terminal.type("exit\r");
  await terminal.end();
}));
