import { assert, assertEquals } from "@std/assert";
import { needing } from "../services/services.ts";
import { makeChain } from "./_chain.ts";
import { soon } from "./_deadline.ts";
import { Driver, kindNamed } from "./_kinds.ts";
import { spyOn } from "./_spy.ts";

const AGENTS = ["Local, Deno", "Local, Node 18", "Local, Node 26"].map(kindNamed);
const RELAY = new URL("./fixture/delay_relay.ts", import.meta.url).pathname;

interface Counting {
  count(): number;
  load(): number;
}

for (const agent of AGENTS) {
  Deno.test(needing(agent.needs, `${agent.name}: modules are sent once`, async (t) => {
    await using chain = await makeChain(300);
    const { first, url } = chain;
    await using tun = agent.open();
    const traffic = await spyOn(tun);

    await t.step("300 of them with the first call", async () => {
      assertEquals(await soon(tun.call(first), "the first call"), 300);
      assertEquals([traffic.batches, traffic.modules.length, traffic.imports], [1, 300, []]);
    });

    await t.step("and not again, whoever needs them", async () => {
      assertEquals(await tun.call(first), 300);
      const { count, load }: Counting = await import(url(100));
      assertEquals(await tun.call(count), 200);
      assertEquals(await Promise.all([tun.call(load), tun.call(load)]), [1, 2]);
      const remote = tun.module<Counting>(url(100));
      assertEquals(await remote.load(), 3);
      const byValue = (): number => load();
      assertEquals(await tun.call(byValue), 4);
      assertEquals(new Set(traffic.modules).size, traffic.modules.length);
      assertEquals([traffic.modules.length, traffic.imports], [300, []]);
    });

    await t.step("when a new connection is made, again", async () => {
      await tun.close();
      const again = await spyOn(tun);
      assertEquals(await tun.call(first), 300);
      assertEquals([again.batches, again.modules.length], [1, 300]);
    });
  }));
}

Deno.test("modules are sent and loaded once by calls at once", async () => {
  await using chain = await makeChain(60);
  const { url } = chain;
  await using tun = AGENTS[0]!.open();
  const traffic = await spyOn(tun);
  const modules: Counting[] = await Promise.all([40, 0, 20, 59].map((i) => import(url(i))));
  const calls = modules.flatMap(({ count, load }) => [
    ...[tun.call(count), tun.call(load), tun.call(load), tun.call(() => load())],
  ]);
  const results = await soon(Promise.all(calls), "all calls");
  assertEquals([0, 4, 8, 12].map((i) => results[i]), [20, 60, 40, 1]);
  // However their order: each module counted every call, so there was one of it.
  for (const i of [1, 5, 9, 13]) assertEquals(results.slice(i, i + 3).toSorted(), [1, 2, 3]);
  assertEquals(new Set(traffic.modules).size, 60);
  assertEquals(traffic.modules.length, 60);
  assertEquals(traffic.imports, []);
});

class FarDriver extends Driver {
  protected override readonly otherMachine = true;
}

Deno.test("code and modules that are alike are compressed on their way to another machine", async () => {
  await using chain = await makeChain(100);
  await using tun = new FarDriver([], { runtime: "deno", deno: Deno.execPath() });
  const traffic = await spyOn(tun);
  await tun.call(chain.first);
  assert(traffic.batchBytes < 100 * 120, `${traffic.batchBytes} bytes`);
});

Deno.test("a first call over a slow link waits for nothing but its answer", async () => {
  await using chain = await makeChain(50);
  await using tun = new Driver([Deno.execPath(), "run", "-A", "--no-check", RELAY, "100"], {
    runtime: "deno",
    deno: Deno.execPath(),
  });
  const traffic = await spyOn(tun);
  assertEquals(await soon(tun.call(chain.first), "the first call"), 50);
  assertEquals([traffic.calls, traffic.batches, traffic.imports], [1, 1, []]);
});
