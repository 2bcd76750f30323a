import { assertEquals, assertRejects } from "@std/assert";
import { Turns } from "../../../tunnel/provision/turns.ts";

const NEVER = new AbortController().signal;

Deno.test("Turns.take() lets so many through at once, in order", async () => {
  const turns = new Turns(2);
  const began: number[] = [];
  const leaves: (() => void)[] = [];
  const all = [0, 1, 2, 3, 4].map(async (i) => {
    const leave = await turns.take(NEVER);
    began.push(i);
    leaves.push(leave);
  });
  await Promise.all(all.slice(0, 2));
  assertEquals(began, [0, 1]);
  leaves[1]!();
  leaves[1]!();
  await all[2];
  assertEquals(began, [0, 1, 2], "a turn that has ended twice has ended once");
  leaves[0]!();
  leaves[2]!();
  await Promise.all(all);
  assertEquals(began, [0, 1, 2, 3, 4]);
});

Deno.test("Turns.take() leaves the line when its signal aborts", async () => {
  const turns = new Turns(1);
  const leave = await turns.take(NEVER);
  const controller = new AbortController();
  const waiting = turns.take(controller.signal);
  const behind = turns.take(NEVER);
  controller.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  await assertRejects(() => turns.take(controller.signal), Error, "enough");
  leave();
  (await behind)();
  (await turns.take(NEVER))();
});
