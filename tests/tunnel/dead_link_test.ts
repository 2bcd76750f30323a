import { assert, assertEquals, assertMatch } from "@std/assert";
import { ConnectionError } from "../../mod.ts";
import { needing, service } from "../services/services.ts";
import { DeadLink } from "./_dead_link.ts";
import { rejectsAs, soon, withTime } from "./_deadline.ts";
import { familyOf, newMark, untilGone } from "./_family.ts";
import { Driver } from "./_kinds.ts";
import * as fixture from "./fixture/functions.ts";

/** The shortest interval that is tried, and the longest, in milliseconds. */
const INTERVALS = [300, 2_400] as const;

/** Describes a test with a `keepAlive` that leaves even a busy machine time for signs of life. */
function withKeepAlive(attempt: (keepAlive: number) => Promise<void>): () => Promise<void> {
  const [shortest, longest] = INTERVALS;
  return () => withTime(shortest, attempt, longest);
}

const AGENTS = {
  deno: () => ({ deno: Deno.execPath() }),
  node: () => ({ node: service("node").paths["20"] }),
} as const;

for (const runtime of ["deno", "node"] as const) {
  for (const direction of ["to", "from", "both"] as const) {
    const name = `${runtime}: the agent ends when the link dies without a word (${direction})`;
    const test = withKeepAlive(async (keepAlive) => {
      await using link = new DeadLink();
      const mark = newMark();
      const tun = new Driver(link.command, {
        ...{ runtime, keepAlive, stderr: () => {} },
        ...AGENTS[runtime](),
      });
      await tun.call(fixture.startChild, mark);
      const call = tun.call(fixture.waitFor, "x");
      call.catch(() => {});
      const family = await familyOf(mark);
      assert(family.length >= 2, Deno.inspect(family));
      await soon(link.signed, "a sign of life");
      link.die(direction);
      const { message } = await rejectsAs(ConnectionError, call);
      if (direction === "to") assertMatch(message, /nothing arrived there for six keepAlive/);
      else assertMatch(message, new RegExp(`no sign of life for ${3 * keepAlive} ms`));
      await untilGone(family);
      await tun.close();
    });
    Deno.test(needing(runtime, name, test));
  }

  for (const size of [0, 400_000]) {
    const what = size === 0 ? "ends with a dead link, and no other" : "may have much to read";
    const name = `${runtime}: an agent whose code never yields ${what}`;
    const work = withKeepAlive(async (keepAlive) => {
      await using link = new DeadLink();
      const mark = newMark();
      const tun = new Driver(link.command, {
        ...{ runtime, keepAlive, stderr: () => {} },
        ...AGENTS[runtime](),
      });
      await tun.call(fixture.startChild, mark);
      await soon(link.signed, "a sign of life");
      await tun.call(Math.max, 1);
      tun.call(fixture.spin, newMark()).catch(() => {});
      tun.call(fixture.echo, new Uint8Array(size)).catch(() => {});
      // Far longer than a dead link is borne with, but this one is alive.
      await new Promise((resolve) => setTimeout(resolve, 12 * keepAlive));
      const family = await familyOf(mark);
      if (size === 0) {
        link.die("both");
        await untilGone(family);
      }
      await tun.close();
    });
    const test = needing(runtime, name, work);
    Deno.test({ ...test, ignore: test.ignore === true || Deno.build.os !== "linux" });
  }

  Deno.test(needing(
    runtime,
    `${runtime}: the agent goes on while this script is busy`,
    withKeepAlive(async (keepAlive) => {
      await using tun = new Driver([], {
        ...{ runtime, keepAlive },
        ...AGENTS[runtime](),
      });
      const waiting = tun.call(fixture.waitFor, "a word");
      // Until the agent has got the first sign, and counts.
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const end = Date.now() + 12 * keepAlive;
      while (Date.now() < end);
      await tun.call(fixture.release, "a word");
      assertEquals(await waiting, "a word");
    }),
  ));
}
