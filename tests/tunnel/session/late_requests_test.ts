import { assertEquals } from "@std/assert";
import { Local } from "../../../mod.ts";
import { encode } from "../../../codec/mod.ts";
import { linkOf } from "../../../tunnel/operation/link.ts";

Deno.test("Session.handleChannel() does nothing when the connection has ended", async () => {
  const tun = new Local();
  await tun.connect();
  const session = linkOf(tun).core.session!;
  await tun.close();
  const channel = session.connection.multiplexer.open(new Uint8Array(0));
  // Nobody would catch what it throws, as for a request that no controller takes.
  assertEquals(session.handleChannel(channel, encode([99])), undefined);
});
