import { assertEquals, assertStrictEquals } from "@std/assert";
import { getEventListeners } from "node:events";
import type { Channel } from "../../../agent/wire/channel.ts";
import { abortable, anySignal, resetOnAbort } from "../../../tunnel/session/abort_signal.ts";
import { rejection } from "../_deadline.ts";

function listeners(signal: AbortSignal): number {
  return getEventListeners(signal, "abort").length;
}

Deno.test("abortable() settles as the promise does, or as the signal says", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  assertEquals(await abortable(Promise.resolve(1), undefined), 1);
  assertEquals(await abortable(Promise.resolve(1), signal), 1);
  assertEquals(await rejection(abortable(Promise.reject("no"), signal)), "no");
  await Promise.resolve();
  assertEquals(listeners(signal), 0);
  const waiting = rejection(abortable(new Promise(() => {}), signal));
  controller.abort("enough");
  assertEquals(await waiting, "enough");
  assertEquals(await rejection(abortable(new Promise(() => {}), signal)), "enough");
});

Deno.test("anySignal() aborts with the first of two, also without AbortSignal.any", () => {
  const any = Object.getOwnPropertyDescriptor(AbortSignal, "any")!;
  for (const isThere of [true, false]) {
    try {
      if (!isThere) Reflect.deleteProperty(AbortSignal, "any");
      for (const index of [0, 1]) {
        const controllers = [new AbortController(), new AbortController()];
        const [one, other] = controllers.map(({ signal }) => signal) as [AbortSignal, AbortSignal];
        const both = anySignal(one, other)!;
        assertEquals(both.aborted, false);
        controllers[index]!.abort("first");
        controllers[1 - index]!.abort("second");
        assertEquals([both.aborted, both.reason], [true, "first"]);
        assertEquals(anySignal(AbortSignal.abort("before"), other)!.reason, "before");
      }
    } finally {
      Object.defineProperty(AbortSignal, "any", any);
    }
  }
  const { signal } = new AbortController();
  assertStrictEquals(anySignal(signal, undefined), signal);
  assertStrictEquals(anySignal(undefined, signal), signal);
  assertStrictEquals(anySignal(undefined, undefined), undefined);
});

/** As much of a channel as `resetOnAbort()` needs. */
class Resettable {
  readonly errors: unknown[] = [];
  readonly #listeners: ((error: unknown) => void)[] = [];

  reset(error: unknown): void {
    this.errors.push(error);
    for (const listener of this.#listeners.splice(0)) listener(error);
  }

  onFailure(listener: (error: unknown) => void): void {
    this.#listeners.push(listener);
  }
}

Deno.test("resetOnAbort() resets a channel, and listens only until the channel has failed", () => {
  const controller = new AbortController();
  const { signal } = controller;
  const [over, going] = [new Resettable(), new Resettable()];
  for (const channel of [over, going]) resetOnAbort(channel as unknown as Channel, signal);
  over.reset("over");
  assertEquals(listeners(signal), 1);
  controller.abort("enough");
  assertEquals([over.errors, going.errors], [["over"], ["enough"]]);
  const late = new Resettable();
  resetOnAbort(late as unknown as Channel, signal);
  resetOnAbort(late as unknown as Channel, undefined);
  assertEquals([late.errors, listeners(signal)], [["enough"], 0]);
});
