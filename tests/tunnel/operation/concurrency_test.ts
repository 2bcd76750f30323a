import { assertEquals } from "@std/assert";
import { getEventListeners } from "node:events";
import { Limiter } from "../../../tunnel/operation/concurrency.ts";
import { rejection, soon } from "../_deadline.ts";

/** Begins `count` things, each of which goes on until it is told to end. */
function begin(
  limiter: Limiter,
  count: number,
  signal?: AbortSignal,
): { readonly begun: number[]; readonly ends: (() => void)[]; readonly all: Promise<number>[] } {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = Array.from({ length: count }, (_, i) =>
    limiter.run(() => {
      begun.push(i);
      return new Promise<number>((resolve) => ends[i] = () => resolve(i));
    }, signal));
  return { begun, ends, all };
}

Deno.test("Limiter begins at most a number of things, in their order", async () => {
  const { begun, ends, all } = begin(new Limiter(2), 5);
  assertEquals(begun, [0, 1]);
  for (const i of [1, 0, 2, 3, 4]) {
    ends[i]!();
    assertEquals(await soon(all[i]!, `${i}`), i);
  }
  assertEquals(begun, [0, 1, 2, 3, 4]);
});

Deno.test("Limiter can be without a limit", () => {
  assertEquals(begin(new Limiter(Infinity), 1000).begun.length, 1000);
});

Deno.test("Limiter makes room for the next when something fails", async () => {
  const limiter = new Limiter(1);
  for (let i = 0; i < 3; i++) {
    assertEquals(await rejection(limiter.run(() => Promise.reject("no"))), "no");
    const thrown = (): never => {
      throw "thrown";
    };
    assertEquals(await rejection(limiter.run(thrown)), "thrown");
  }
  assertEquals(await limiter.run(() => Promise.resolve("yes")), "yes");
});

Deno.test("Limiter does not begin what was aborted, and leaves no listener", async () => {
  const limiter = new Limiter(1);
  const controller = new AbortController();
  const { signal } = controller;
  const first = begin(limiter, 1);
  const aborted = begin(limiter, 3, signal);
  const last = begin(limiter, 1);
  const reasons = Promise.all(aborted.all.map((one) => rejection(one)));
  controller.abort("enough");
  assertEquals(await soon(reasons, "the reasons"), ["enough", "enough", "enough"]);
  assertEquals([aborted.begun, last.begun], [[], []]);
  first.ends[0]!();
  // Everything that promises set off comes before a timer.
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(last.begun, [0]);
  last.ends[0]!();
  assertEquals(await soon(last.all[0]!, "the last"), 0);
  assertEquals(aborted.begun, []);
  assertEquals(getEventListeners(signal, "abort").length, 0);
});
