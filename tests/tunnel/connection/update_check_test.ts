import { assertEquals } from "@std/assert";
import { Local } from "../../../mod.ts";
import { soon } from "../_deadline.ts";

/** Deno does so half a second after its start, unless this variable is set. */
const VARIABLE = "DENO_NO_UPDATE_CHECK";

Deno.test("an agent does not look for a newer Deno, as what it starts may", async () => {
  const old = Deno.env.get(VARIABLE);
  Deno.env.delete(VARIABLE);
  // Nothing there says when it was last looked for.
  const folder = await Deno.makeTempDir();
  using agents = new DeadProxy();
  using others = new DeadProxy();
  try {
    await using tun = new Local("local", { env: { DENO_DIR: folder, HTTPS_PROXY: agents.url } });
    const other = tun.call(waitByDeno, others.url).catch(() => {});
    // It has been started later than the agent, so the agent would have asked before.
    await soon(others.asked, "another Deno's question");
    assertEquals(agents.count, 0);
    await tun.close();
    await other;
  } finally {
    if (old !== undefined) Deno.env.set(VARIABLE, old);
    await Deno.remove(folder, { recursive: true });
  }
});

/** Counts who wants to reach something through it, and lets nobody. */
class DeadProxy implements Disposable {
  count = 0;
  readonly asked: Promise<void>;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.asked = promise;
    void this.#serve(resolve);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}`;
  }

  async #serve(onAsked: () => void): Promise<void> {
    for await (const connection of this.#listener) {
      this.count++;
      onAsked();
      connection.close();
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

async function waitByDeno(proxy: string): Promise<void> {
  await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-lock", "data:text/javascript,setTimeout(()=>{},60000)"],
    env: { HTTPS_PROXY: proxy },
  }).output();
}
