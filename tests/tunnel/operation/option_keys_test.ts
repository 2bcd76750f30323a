import { assertEquals, assertThrows } from "@std/assert";
import {
  BaseTunnel,
  type FetchOptions,
  Group,
  Local,
  type PutOptions,
  Queue,
  SSHTunnel,
  type SSHTunnelOptions,
  type SyncOptions,
  type WithOptions,
} from "../../../mod.ts";
import { rejection } from "../_deadline.ts";

/** Names without a meaning, which every error about options lists the right ones for. */
const NONSENSE = { nonsense: 1 };

const TREES: Readonly<Record<keyof SyncOptions, true>> = {
  ...{ signal: true, onProgress: true, dryRun: true, diff: true },
  ...{ delete: true, checksum: true, exclude: true },
};

/** The options of each verb that works on files, as the types have them. */
const DOCUMENTED = {
  put: { signal: true, onProgress: true, mode: true, dryRun: true, diff: true } satisfies Record<
    keyof PutOptions,
    true
  >,
  fetch: { signal: true, onProgress: true } satisfies Record<keyof FetchOptions, true>,
  sync: TREES,
  fetchDir: TREES,
};

const ARGUMENTS: Readonly<Record<keyof typeof DOCUMENTED, readonly [unknown, unknown]>> = {
  put: [{ text: "" }, "/x"],
  fetch: ["/x", "/y-{host}"],
  sync: ["/", "/x"],
  fetchDir: ["/x", "/y-{host}"],
};

type Verb = (...args: readonly unknown[]) => unknown;

/** A method, with the arguments that stand before its own. */
function methodOf(on: object, name: string, ...first: unknown[]): Verb {
  const method = Reflect.get(on, name) as Verb;
  return async (...args) => await method.call(on, ...first, ...args);
}

/** The options that an error says there are. */
function listed(error: unknown): string[] {
  const [, names] = /^options has "nonsense": expected one of (.*)$/.exec(
    (error as Error).message,
  ) ?? [];
  return names!.split(", ").sort();
}

Deno.test("tunnels, groups and queues have the same verbs, with the same options", async () => {
  const tun = new Local("a");
  const group = new Group([tun, new Local("b")]);
  const queue = new Queue();
  for (const [verb, options] of Object.entries(DOCUMENTED)) {
    const ways = {
      tunnel: methodOf(tun, verb),
      group: methodOf(group, verb),
      "queue of a tunnel": methodOf(queue, verb, tun),
      "queue of a group": methodOf(queue, verb, group),
    };
    for (const [way, call] of Object.entries(ways)) {
      const args = [...ARGUMENTS[verb as keyof typeof ARGUMENTS], NONSENSE];
      const error = await rejection(call(...args) as Promise<unknown>);
      assertEquals(listed(error), Object.keys(options).sort(), `${verb} of a ${way}`);
    }
  }
  for (const verb of [...Object.keys(DOCUMENTED), "call", "connect", "with", "run", "close"]) {
    const isOn = [BaseTunnel, Group, Queue].map(({ prototype }) => verb in prototype);
    const expected = verb === "run" ? [false, false, true] : [true, true, verb !== "close"];
    assertEquals(isOn, expected, verb);
  }
});

Deno.test("with() of tunnels, groups and queues has the same options", () => {
  const documented: Readonly<Record<keyof WithOptions, true>> = { signal: true };
  const ways = { tunnel: new Local("a"), group: new Group([new Local("a")]), queue: new Queue() };
  for (const [name, on] of Object.entries(ways)) {
    const error = assertThrows(() => on.with(NONSENSE as WithOptions), TypeError);
    const more = name === "group" ? ["maxFailures"] : [];
    assertEquals(listed(error), [...more, ...Object.keys(documented)].sort(), name);
  }
});

Deno.test("the hosts of a group have the options that SSHTunnel has", () => {
  const wrong = NONSENSE as SSHTunnelOptions;
  const alone = assertThrows(() => new SSHTunnel("h", wrong), TypeError);
  const inGroup = assertThrows(() => new Group(["h"], { ssh: wrong }), TypeError);
  assertEquals(listed(inGroup), listed(alone));
});
