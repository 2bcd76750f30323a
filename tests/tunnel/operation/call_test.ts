import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ConnectionError, Group, SubprocessTunnel } from "../../../mod.ts";
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
