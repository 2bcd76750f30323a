import { assert, assertEquals } from "@std/assert";
import { Local, SSHTunnel } from "../../../mod.ts";
import { command, which } from "../../services/command.ts";
import { needing, service } from "../../services/services.ts";
import { soon } from "../_deadline.ts";
import { type Kind, KINDS, sshArgs } from "../_kinds.ts";
import { until } from "./_files.ts";
import * as sockets from "../fixture/sockets.ts";

const BYTES = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7 + (i >> 8));

for (const kind of KINDS) {
  Deno.test(needing(kind.needs, `${kind.name}: forward() and reverse()`, async (t) => {
    const tun = kind.open({ stderr: () => {} });
    try {
      await soon(testForwards(t, tun), "all forwards", 120_000);
    } finally {
      await tun.close();
    }
  }));
}

async function testForwards(t: Deno.TestContext, tun: ReturnType<Kind["open"]>): Promise<void> {
  await t.step("forward() carries TCP connections there", async () => {
    const to = await tun.call(sockets.serve, "echo");
    const forward = await tun.forward({ to });
    assertEquals(forward.addr.hostname, "127.0.0.1");
    assertEquals(await sockets.ask(forward.addr, BYTES), BYTES);
    await forward.close();
    assertEquals(forward.connections, 0);
    await until(async () => await tun.call(sockets.open) === 0, "the end of the connection there");
    await tun.call(sockets.stop, to);
  });

  await t.step("forward() carries between socket files", async () => {
    const path = sockets.newPath();
    const to = await tun.call(sockets.serve, "echo", await tun.call(sockets.newPath));
    const forward = await tun.forward({ to, from: { path } });
    assertEquals(forward.addr, { path });
    assertEquals(sockets.modeOf(path), 0o600);
    assertEquals(await sockets.ask(forward.addr, BYTES), BYTES);
    await forward.close();
    assertEquals(sockets.modeOf(path), undefined);
    await tun.call(sockets.stop, to);
  });

  await t.step("reverse() carries TCP connections here", async () => {
    const to = await sockets.serve("echo");
    const reverse = await tun.reverse({ to });
    assertEquals(reverse.addr.hostname, "127.0.0.1");
    assertEquals(await tun.call(sockets.ask, reverse.addr, BYTES), BYTES);
    await reverse.close();
    assertEquals(reverse.connections, 0);
    await sockets.stop(to);
  });

  await t.step("reverse() carries between socket files", async () => {
    const path = await tun.call(sockets.newPath);
    const to = await sockets.serve("echo", sockets.newPath());
    const reverse = await tun.reverse({ to, from: { path } });
    assertEquals(reverse.addr, { path });
    assertEquals(await tun.call(sockets.modeOf, path), 0o600);
    assertEquals(await tun.call(sockets.ask, reverse.addr, BYTES), BYTES);
    await reverse.close();
    assertEquals(await tun.call(sockets.modeOf, path), undefined);
    await sockets.stop(to);
  });
}

Deno.test({
  name: "curl talks to a web server at the far end, and there to one here",
  ignore: which("curl") === undefined,
  async fn() {
    await using tun = new Local();
    // In a far end that is another machine, it would be another server.
    const body = "x".repeat(3_000_000);
    await using web = Deno.serve(
      { port: 0, onListen() {} },
      async (request) => new Response(request.method === "POST" ? await request.text() : body),
    );
    const to = { port: web.addr.port };
    const path = sockets.newPath();
    await using _forward = await tun.forward({ to, from: { path } });
    const args = ["--silent", "--show-error", "--max-time", "20", "--unix-socket", path];
    const { stdout } = await command(["curl", ...args, "http://host/"]);
    assertEquals(stdout, body);
    const posted = await command(["curl", ...args, "--data", "@/etc/services", "http://host/"]);
    assert(posted.success, posted.problem);

    await using reverse = await tun.reverse({ to });
    const url = `http://127.0.0.1:${reverse.addr.port}/`;
    const answer = await tun.call(
      async () => await new Deno.Command("curl", { args: ["--silent", url] }).output(),
    );
    assertEquals(new TextDecoder().decode(answer.stdout), body);
  },
});

Deno.test(needing("ssh", "ssh logs in through a forward", async () => {
  await using tun = new Local();
  const { config, hosts } = service("ssh");
  const options = (await command(["ssh", "-G", "-F", config, hosts[0]!])).stdout;
  const port = Number(/^port (\d+)$/m.exec(options)![1]);
  const hostname = /^hostname (\S+)$/m.exec(options)![1]!;
  await using forward = await tun.forward({ to: { hostname, port } });
  await using inner = new SSHTunnel(hosts[0]!, {
    sshArgs: [
      ...["-o", `Port=${forward.addr.port}`, "-o", "HostName=127.0.0.1"],
      ...["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", ...sshArgs()],
    ],
    stderr: () => {},
  });
  assertEquals(
    await inner.call(sockets.ask, await inner.call(sockets.serve, "echo"), BYTES),
    BYTES,
  );
  assertEquals(forward.connections, 1);
}));
