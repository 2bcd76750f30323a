import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { command } from "../../services/command.ts";
import { makeProject } from "../_project.ts";
import { ConnectionError, Group, Local, SubprocessTunnel } from "../../../mod.ts";
import { rejectsAs } from "../_deadline.ts";

/** A tunnel whose program does not exist. */
class Nowhere extends SubprocessTunnel {
  override readonly host: string;

  constructor(host: string) {
    super();
    this.host = host;
  }

  override command(): string[] {
    return [`/nowhere/${this.host}`];
  }
}

Deno.test("Call.perform() fails with an error whose stack names the caller", async () => {
  await using tun = new Nowhere("a");
  const pending = tun.call(Math.max, 1);
  const { stack } = await rejectsAs(ConnectionError, pending);
  assertStringIncludes(stack!, "call_test.ts");
});

Deno.test("Call.perform() fails with an error of its own on each host", async () => {
  await using group = new Group([new Nowhere("a"), new Nowhere("b"), new Nowhere("c")]);
  const failures = [...(await group.call(Math.max, 1)).failures()];
  const errors = failures.map(([, { error }]) => error as ConnectionError);
  assertEquals(errors.map(({ host }) => host), ["a", "b", "c"]);
  for (const { host, message, stack } of errors) {
    assert(message.startsWith(`Cannot connect to ${host}: `), message);
    assertStringIncludes(stack!, `/nowhere/${host}`);
  }
});

Deno.test("an operation that nobody catches prints the failure and the caller's lines, not our code", async () => {
  const mod = import.meta.resolve("../../../mod.ts");
  const begin = `import { Local } from ${JSON.stringify(mod)};
    await using tun = new Local("web1");`;
  await using project = await makeProject({
    "throws.ts": `${begin}
      function lag(): void {
        throw new RangeError("no replica");
      }
      await tun.call(lag);`,
    "refused.ts": `${begin}
      const unsent = Deno.listen({ port: 0 });
      await tun.call(() => unsent.addr);`,
    "put.ts": `${begin}
      await tun.put("/no/such", "x");`,
    "fetch.ts": `${begin}
      await tun.fetch("/no/such", null);`,
    "sync.ts": `${begin}
      await tun.sync("/no/such", "x");`,
    "fetch_dir.ts": `${begin}
      await tun.fetchDir("/no/such", "x");`,
  });
  const missing = "/no/such: no such file or folder (ENOENT)";
  const expected = {
    "throws.ts": ["RemoteError: lag() failed on web1: RangeError: no replica", "throws.ts:6:"],
    "refused.ts": ["variable unsent is a Listener", "refused.ts:4:"],
    "put.ts": [`Cannot put /no/such to web1: here, ${missing}`, "put.ts:3:"],
    "fetch.ts": [`Cannot fetch /no/such from web1: on web1, ${missing}`, "fetch.ts:3:"],
    "sync.ts": [`Cannot sync /no/such to web1: here, ${missing}`, "sync.ts:3:"],
    "fetch_dir.ts": [
      `Cannot fetch the folder /no/such from web1: on web1, ${missing}`,
      "fetch_dir.ts:3:",
    ],
  };
  for (const [file, texts] of Object.entries(expected)) {
    const { stderr } = await command([Deno.execPath(), "run", "-A", file], {
      cwd: project.folder,
      env: { NO_COLOR: "1" },
    });
    for (const text of texts) assertStringIncludes(stderr, text);
    assert(!stderr.includes(new URL(".", mod).href), stderr);
  }
});

Deno.test("call() begins to connect before it looks into the function, which may be refused", async () => {
  let begun = 0;
  class Counting extends Local {
    override command(): string[] {
      begun++;
      return super.command();
    }
  }
  await using tun = new Counting();
  const one = 1;
  const first = tun.call(() => one);
  assertEquals(begun, 1);
  assertEquals(await first, 1);
  await tun.close();
  const unsent = new WeakRef({});
  await assertRejects(() => tun.call(() => unsent.deref()), TypeError, "unsent");
  assertEquals(await tun.call(() => one), 1);
  assertEquals(begun, 2);
  const ended = AbortSignal.abort(new Error("too late"));
  await tun.close();
  await assertRejects(() => tun.with({ signal: ended }).call(() => one), Error, "too late");
  assertEquals(begun, 2);
});
