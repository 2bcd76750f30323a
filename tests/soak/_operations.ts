import { callback, type Local, RemoteError } from "../../mod.ts";
import { sh } from "../../agent/sh.ts";
import * as far from "./far.ts";

/**
 * An operation on a tunnel. `file` has 100,000 bytes, `file-huge` more than can be fetched; `i`
 * counts all operations.
 */
export type Operation = (tun: Local, file: string, i: number) => Promise<unknown>;

/** What an aborted operation rejects with. */
const REASON = new Error("enough");

/**
 * Operations of all kinds, half of which are aborted or broken off. Each resolves if what came of
 * it is right.
 */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  "a small call": async (tun, _, i) => expect(await tun.call(far.echo, i), i),
  "a large call": async (tun) => {
    expect((await tun.call(far.echo, new Uint8Array(50_000))).length, 50_000);
  },
  "an error": async (tun) => {
    expect(await rejection(tun.call(far.fail)) instanceof RemoteError, true);
  },
  "a callback": async (tun) => {
    expect(await tun.call(far.ask, callback((i: number) => i * 10)), 30);
  },
  "a stream that is left": async (tun, _, i) => {
    let next = 0;
    for await (const number of await tun.call(far.forever)) {
      expect(number, next++);
      if (next === 1 + i % 300) break;
    }
  },
  "a stream that is not read": async (tun) => {
    const numbers = await tun.call(far.forever);
    await numbers[Symbol.asyncIterator]().return?.(undefined);
  },
  "an argument that is left there": async (tun, _, i) => {
    expect(await tun.call(far.first, far.forever(), 1 + i % 300), 1 + i % 300);
  },
  "an argument whose call is aborted": async (tun) => {
    expect(await aborted(1, (signal) => tun.with({ signal }).call(far.first, far.forever(), 1e9)));
  },
  "a call that is aborted": async (tun, _, i) => {
    expect(await aborted(i % 5, (signal) => tun.with({ signal }).call(far.waitForCall)));
  },
  "a signal that aborts": async (tun, _, i) => {
    const signal = AbortSignal.timeout(1 + i % 5);
    const error = await rejection(tun.call(far.waitFor, signal));
    expect((error as Error).name.length > 0, true);
  },
  "a put": async (tun, file, i) => {
    expect((await tun.put(file, `${file}-${i % 5}`)).size, 100_000);
  },
  "a put that is aborted": async (tun, file, i) => {
    const endless = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve));
        controller.enqueue(new Uint8Array(10_000));
      },
    });
    expect(
      await aborted(2 + i % 5, (signal) => tun.put(endless, `${file}-never`, { signal })),
    );
  },
  "a fetch": async (tun, file) => {
    expect((await tun.fetch(file, null)).bytes.length, 100_000);
  },
  "a fetch that is aborted": async (tun, file, i) => {
    expect(
      await aborted(
        2 + i % 5,
        (signal) => tun.fetch(`${file}-huge`, `${file}-fetched`, { signal }),
      ),
    );
  },
  "a command": async (tun) => {
    expect((await tun.call(sh, "echo $((6 * 7))")).stdout, "42\n");
  },
  "a command that is aborted": async (tun) => {
    expect(await aborted(5, (signal) => tun.with({ signal }).call(sh, "sleep 1000")));
  },
};

function expect(actual: unknown, expected: unknown = REASON): void {
  if (actual === expected) return;
  throw new Error(`Got ${Deno.inspect(actual)} instead of ${Deno.inspect(expected)}`);
}

/** What `begin` rejects with when its signal aborts after some time. */
async function aborted(
  milliseconds: number,
  begin: (signal: AbortSignal) => Promise<unknown>,
): Promise<unknown> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(REASON), milliseconds);
  const error = await rejection(begin(controller.signal));
  clearTimeout(timer);
  return error;
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then((value) => new Error(`No rejection, but ${value}`), (error) => error);
}
