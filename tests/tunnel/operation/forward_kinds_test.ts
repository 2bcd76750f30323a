import { assertEquals } from "@std/assert";
import { needing } from "../../services/services.ts";
import { soon } from "../_deadline.ts";
import { type Kind, KINDS } from "../_kinds.ts";
import * as sockets from "../fixture/sockets.ts";

const BYTES = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7 + (i >> 8));

for (const kind of KINDS) {
  Deno.test(needing(kind.needs, `${kind.name}: forward() and reverse()`, async (t) => {
    const tun = kind.open({ stderr: () => {} });
    try {
      await soon(testForwards(t, tun), "all forwards", 60_000);
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
    assertEquals([forward.connections, await tun.call(sockets.open)], [0, 0]);
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
