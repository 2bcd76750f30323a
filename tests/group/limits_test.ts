import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { callback, ErrorResult, Group, Local } from "../../mod.ts";
import { rejection, soon } from "../tunnel/_deadline.ts";
import { until } from "../tunnel/operation/_files.ts";
import { dead, Gate, locals, Silent } from "./_tunnels.ts";
import { slow } from "../services/services.ts";

/** How it ended on each host: its value, or what kind of failure it was. */
function outline(result: Map<string, unknown>): unknown[] {
  return [...result.values()].map((value) => {
    if (!(value instanceof ErrorResult)) return value;
    if (value.aborted) return value.skipped ? "not begun" : "aborted";
    return value.skipped ? "skipped" : "failed";
  });
}

/** Never comes back where there is a true variable STAY, and tells when it is there. */
async function visit(arrive: () => Promise<void>): Promise<string> {
  await arrive();
  if (Deno.env.get("STAY")) await new Promise(() => {});
  return "done";
}

const staying = (name: string): Local => new Local(name, { env: { STAY: "yes" } });

Deno.test("an abort keeps what has arrived, and marks the rest", async () => {
  await using group = new Group([...locals("a"), staying("b"), staying("c"), ...locals("d")], {
    concurrency: 2,
  });
  const controller = new AbortController();
  let arrived = 0;
  const there = new Gate();
  const calling = group.with({ signal: controller.signal }).call(
    visit,
    callback(() => {
      if (++arrived === 3) there.open();
    }),
  );
  await soon(there.opened, "three hosts");
  controller.abort(new Error("enough"));
  const result = await soon(calling, "the result");
  assertEquals(outline(result), ["done", "aborted", "aborted", "not begun"]);
  const { msg, error } = result.get("d") as ErrorResult;
  assertEquals(error, controller.signal.reason);
  assertEquals(msg, "enough");
  assertEquals(group.tunnels[3]!.connected, false);
});

Deno.test("an abort ends whatever a host is doing", async (t) => {
  const silent = [new Silent("silent"), new Silent("mute")];
  /** A signal that aborts when so many more of them are being connected to. */
  const whenBegun = (count: number): AbortSignal => {
    const begun = (): number => silent.reduce((sum, one) => sum + one.begun, 0);
    const enough = begun() + count;
    const controller = new AbortController();
    until(() => begun() === enough, "connecting").then(() => controller.abort(new Error("enough")));
    return controller.signal;
  };
  for (const what of ["call", "connect", "put", "fetch"] as const) {
    await t.step(what, async () => {
      await using group = new Group(silent);
      const signal = whenBegun(2);
      const own = group.with({ signal });
      const result = await soon<Map<string, unknown>>(
        {
          call: () => own.call(Date.now),
          connect: () => own.connect(),
          put: () => own.put({ text: "x" }),
          fetch: () => own.fetch("/etc/hostname", null),
        }[what](),
        "the result",
      );
      assertEquals(outline(result), ["aborted", "aborted"]);
      const { error } = result.get("mute") as ErrorResult;
      assertEquals(error, signal.reason);
    });
  }

  await t.step("by the operation's own signal", async () => {
    await using group = new Group(silent, { concurrency: 1 });
    const options = { signal: whenBegun(1) };
    const result = await soon(group.put({ text: "x" }, undefined, options), "the result");
    assertEquals(outline(result), ["aborted", "not begun"]);
  });

  await t.step("by the signal of one member", async () => {
    const signal = whenBegun(1);
    await using group = new Group([silent[0]!.with({ signal }), ...locals("a")]);
    const result = await soon(group.call(Math.max, 1), "the result");
    assertEquals(outline(result), ["aborted", 1]);
  });
});

Deno.test("nothing is begun when the signal has aborted already", async () => {
  const signal = AbortSignal.abort("no more");
  await using group = new Group(locals("a", "b"));
  const result = await group.with({ signal }).call(Math.max, 1);
  assertEquals(outline(result), ["not begun", "not begun"]);
  assertEquals(result.get("a"), new ErrorResult("no more", { aborted: true, skipped: true }));
  assertEquals(group.tunnels.map(({ connected }) => connected), [false, false]);
  assertEquals(await rejection(group.with({ signal }).filter(() => true)), "no more");
  // Beside a signal that has not.
  const both = group.with({ signal }).with({ signal: new AbortController().signal });
  assertEquals(outline(await both.call(Math.max, 1)), ["not begun", "not begun"]);
  assertEquals(outline(await both.union(["web1"]).connect()).length, 3);
  assertEquals(outline(await group.call(Math.max, 1)), [1, 1]);
});

Deno.test("Group.with() keeps the connections and the options", async () => {
  await using group = new Group(locals("a", "b"), { concurrency: 7 });
  const own = group.with({ signal: new AbortController().signal, maxFailures: 1 });
  await own.connect();
  assertEquals(group.tunnels.map(({ connected }) => connected), [true, true]);
  assertEquals([own.concurrency, own.hosts, String(own)], [7, group.hosts, String(group)]);
  await own.close();
  assertEquals(group.tunnels.map(({ connected }) => connected), [false, false]);
});

Deno.test(slow("maxFailures begins no more hosts when more have failed", async (t) => {
  const hosts = (pattern: string): Group =>
    new Group([...pattern].map((c, i) => c === "x" ? dead(`x${i}`) : new Local(`h${i}`)), {
      concurrency: 1,
    });
  const run = async (pattern: string, maxFailures: number | `${number}%`): Promise<string> => {
    await using group = hosts(pattern).with({ maxFailures });
    const result = await group.call(Math.max, 1);
    return outline(result).map((one) => ({ failed: "x", skipped: "-" })[one as string] ?? ".")
      .join("");
  };

  await t.step("as a number", async () => {
    assertEquals(await run("x.x.x.", 0), "x-----");
    assertEquals(await run("x.x.x.", 1), "x.x---");
    assertEquals(await run("x.x.x.", 3), "x.x.x.");
    assertEquals(await run("xx", Infinity), "xx");
  });

  await t.step("as a percentage of the group", async () => {
    assertEquals(await run(".x.x.xx.", "25%"), ".x.x.x--");
    assertEquals(await run("xxxxx.", "33%"), "xx----");
    assertEquals(await run("xxxxx.", "34%"), "xxx---");
    assertEquals(await run("xx.", "0%"), "x--");
    assertEquals(await run("xxx", "100%"), "xxx");
  });

  await t.step("and says so", async () => {
    await using group = hosts("xx.");
    const refusalAt = async (maxFailures: number | `${number}%`): Promise<ErrorResult> =>
      (await group.with({ maxFailures }).connect()).get("h2") as ErrorResult;
    const { msg, error, tb, aborted } = await refusalAt(1);
    assertEquals(msg, "more than 1 of 3 hosts had failed (maxFailures)");
    assertEquals(
      (await refusalAt("50%")).msg,
      "more than 1 of 3 hosts had failed (maxFailures 50%)",
    );
    assert(error instanceof Error);
    assertEquals([tb, aborted], [null, false]);
  });

  await t.step("in stream(), too, and anew for each operation", async () => {
    await using group = hosts("x..").with({ maxFailures: 0 });
    for (let i = 0; i < 2; i++) {
      const pairs = await Array.fromAsync(group.stream(Math.max, 1));
      assertEquals(outline(new Map(pairs)), ["failed", "skipped", "skipped"]);
    }
  });

  await t.step("what runs goes on", async () => {
    await using group = new Group([dead("x"), ...locals("a", "b")], { concurrency: 2 });
    // A host that cannot be connected to may take longer than a call.
    const slow = (): Promise<number> => new Promise((resolve) => setTimeout(resolve, 2_000, 1));
    const result = await group.with({ maxFailures: 0 }).call(slow);
    assertEquals(outline(result), ["failed", 1, "skipped"]);
  });

  await t.step("of a number of hosts only", () => {
    const group = new Group(["a"]);
    const cases: [unknown, typeof TypeError | typeof RangeError, string][] = [
      [-1, RangeError, "maxFailures is -1: expected an integer, at least 0"],
      [0.5, RangeError, "maxFailures is 0.5"],
      [NaN, RangeError, "maxFailures is NaN"],
      ["101%", RangeError, 'maxFailures is "101%": expected at most "100%"'],
      ["10", TypeError, 'maxFailures is "10": expected a number, or a percentage'],
      ["-1%", TypeError, 'maxFailures is "-1%"'],
      ["%", TypeError, 'maxFailures is "%"'],
      [null, TypeError, "maxFailures is null"],
    ];
    for (const [maxFailures, type, text] of cases) {
      const error = assertThrows(() => group.with({ maxFailures: maxFailures as number }), type);
      assertStringIncludes(error.message, text);
    }
  });
}));

Deno.test("Group.batches() cuts a group up", async (t) => {
  const group = new Group(Array.from({ length: 10 }, (_, i) => `h${i}`), { concurrency: 3 });
  const sizes = (size: number | string): number[] => group.batches(size).map((batch) => batch.size);

  await t.step("by number or percentage", () => {
    assertEquals(sizes(4), [4, 4, 2]);
    assertEquals(sizes(10), [10]);
    assertEquals(sizes(Infinity), [10]);
    assertEquals(sizes("25%"), [3, 3, 3, 1]);
    assertEquals(sizes("0.1%"), Array(10).fill(1));
    assertEquals(sizes("100%"), [10]);
    const batches = group.batches(4);
    assertEquals(batches.flatMap((batch) => [...batch]), [...group]);
    assertEquals(batches[0]!.concurrency, 3);
  });

  await t.step("and refuses others", () => {
    for (const size of [0, -1, 2.5, NaN, "0%", "200%"]) {
      assertThrows(() => group.batches(size as number), RangeError, "size is ");
    }
    for (const size of ["5", undefined, "a%"]) {
      assertThrows(() => group.batches(size as unknown as number), TypeError, "size is ");
    }
  });

  await t.step("with one budget for failures, counted by host", async () => {
    const members = [..."xx..x..."].map((c, i) => c === "x" ? dead(`x${i}`) : new Local(`h${i}`));
    await using group = new Group(members);
    const limited = group.with({ maxFailures: "25%" });
    const seen: unknown[] = [];
    for (const batch of limited.batches(2)) {
      // The second operation fails on the same hosts.
      for (let i = 0; i < 2; i++) seen.push(outline(await batch.call(Math.max, 1)));
    }
    assertEquals(seen, [
      ...[["failed", "failed"], ["failed", "failed"]],
      ...[[1, 1], [1, 1]],
      ...[["failed", 1], ["skipped", "skipped"]],
      ...[["skipped", "skipped"], ["skipped", "skipped"]],
    ]);
    // Each loop has a budget of its own, and the group none.
    const again = limited.batches(2);
    assertEquals(outline(await again[0]!.connect()), ["failed", "failed"]);
    assertEquals(outline(await again[1]!.call(Math.max, 1)), [1, 1]);
    // A limit of its own stands in for the common one.
    const own = again[0]!.with({ maxFailures: 0 });
    assertEquals(outline(await own.connect()), ["failed", "failed"]);
  });
});
