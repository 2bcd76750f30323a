import {
  type BaseTunnel,
  callback,
  type ErrorResult,
  type Group,
  type GroupResult,
  Local,
  type NoCopy,
  type Queue,
} from "../../mod.ts";
import { type Equal, expect, expectType } from "./_expect.ts";
import * as functions from "./_functions.ts";

const { add, count, countHere, over, returnsCounter, returnsFunction, returnsResponse } = functions;
const { fails, options, same, scale, withCallback } = functions;

declare const tun: BaseTunnel;
declare const group: Group;
declare const queue: Queue;

// Types of parameters and results are those of the function.
expectType<number>()(await tun.call(add, 1));
expectType<number>()(await tun.call(add, 1, 2));
expectType<number>()(await tun.call(same, 5));
expectType<string>()(await tun.call(options, { a: 1 }));
expectType<number>()(await tun.call(over, 1));
expectType<never>()(await tun.call(fails));
expectType<string>()(await tun.call(Deno.readTextFile, "/etc/hosts"));
expectType<number>()(await tun.call(Math.max, ...[1, 2, 3]));
expectType<void>()(await tun.call(() => {}));
// deno-lint-ignore no-explicit-any
expectType<any>()(await tun.call(JSON.parse, "1"));
expectType<unknown>()(await tun.call((): unknown => 1));
expectType<{ name: string }[]>()(await tun.call(() => [{ name: "a" }]));

// @ts-expect-error: the parameter is a number
await tun.call(add, "1");
// @ts-expect-error: an argument is missing
await tun.call(add);
// @ts-expect-error: there is an argument too many
await tun.call(add, 1, 2, 3);
// @ts-expect-error: not a function
await tun.call(5);

// The types of a closure's parameters come from the arguments.
expectType<string>()(await tun.call((n) => n.toFixed(2), 3));
expectType<number>()(await tun.call((a, b) => a + b.length, 1, "b"));
expectType<number[]>()(await tun.call(({ list }) => list, { list: [1] }));
expectType<number>()(await tun.call((f) => f(3), (n: number) => n + 1));
expectType<void>()(
  await tun.call(async (tell) => await tell("a"), callback((line: string) => console.log(line))),
);
expectType<number>()(await tun.call(withCallback, callback((n: number) => console.log(n))));
// @ts-expect-error: a number has no such property
await tun.call((n) => n.nothing, 3);

// A generator is an async iterable here.
// deno-lint-ignore no-explicit-any
expectType<AsyncGenerator<number, any, unknown>>()(await tun.call(countHere));
expectType<AsyncGenerator<number, void, unknown>>()(await tun.call(count, 3));
expectType<AsyncGenerator<1, void, unknown>>()(
  await tun.call(function* () {
    yield 1 as const;
  }),
);
expectType<AsyncGenerator<number, void, unknown>>()(
  await tun.call(function* (n) {
    yield n;
  }, 3),
);
for await (const value of await tun.call(() => new Map([["a", 1]]).keys())) {
  expectType<string>()(value);
}
// @ts-expect-error: it is not a synchronous one
for (const _ of await tun.call(countHere));

// What has no copy does not seem to arrive.
expectType<NoCopy<() => number>>()(await tun.call(returnsFunction));
// @ts-expect-error: a function has no copy
(await tun.call(returnsFunction))();
// @ts-expect-error: a Response has no copy
(await tun.call(returnsResponse)).status;
// @ts-expect-error: a Response has no copy
(await tun.call(fetch, "https://example.com")).ok;
// @ts-expect-error: nor has an instance with methods
(await tun.call(returnsCounter)).n;
// @ts-expect-error: nor in a variable
const _counter: functions.Counter = await tun.call(returnsCounter);
expectType<number>()(await tun.call(() => returnsCounter().next()));

// A function that needs a `this` would have none.
// @ts-expect-error: call() gives no `this`
await tun.call(scale, 3);
// @ts-expect-error: nor does a group
await group.call(scale, 3);
// @ts-expect-error: nor does a stream
group.stream(scale, 3);
// @ts-expect-error: nor does a queue
queue.call(tun, scale, 3);
// @ts-expect-error: nor does filter()
await group.filter(scale, 3);
// @ts-expect-error: nor does callback()
callback(scale);
expectType<number>()(await tun.call((k) => scale.call({ side: 2 }, k), 3));
expectType<number>()(
  await tun.call(function (this: unknown) {
    return 1;
  }),
);

// Groups and queues give the same types.
expectType<GroupResult<number>>()(await group.call(add, 1));
expectType<GroupResult<AsyncGenerator<number, void, unknown>>>()(await group.call(count, 1));
expectType<GroupResult<NoCopy<Response>>>()(await group.call(returnsResponse));
for await (const [host, result] of group.stream(add, 1)) {
  expectType<string>()(host);
  expectType<number | ErrorResult>()(result);
}
for await (const [, result] of group.stream(returnsResponse)) {
  expectType<NoCopy<Response> | ErrorResult>()(result);
}
expectType<number | ErrorResult>()(queue.call(tun, add, 1).value);
expectType<GroupResult<number>>()(queue.call(group, add, 1).value);
expectType<NoCopy<Response> | ErrorResult>()(queue.call(tun, returnsResponse).value);
expectType<GroupResult<AsyncGenerator<number, void, unknown>>>()(
  queue.call(group, count, 1).value,
);
// @ts-expect-error: the parameter is a number
await group.call(add, "1");
// @ts-expect-error: the parameter is a number
queue.call(tun, add, "1");

// filter() takes arguments, or the option.
expectType<Group>()(await group.filter(() => true));
expectType<Group>()(await group.filter(() => true, { exclude: true }));
expectType<Group>()(await group.filter(() => true, { exclude: undefined }));
expectType<Group>()(await group.filter(() => true, undefined));
expectType<Group>()(await group.filter((role) => role.length > 0, "web"));
expectType<Group>()(await group.filter((a, b) => a > b.length, 1, "b"));
// @ts-expect-error: the parameter is a number
await group.filter(add, "1");
// @ts-expect-error: the option is a boolean
await group.filter(() => true, { exclude: "yes" });
// @ts-expect-error: with arguments there is no option
await group.filter((role: string) => role === "web", "web", { exclude: true });

// The functions of a module, without those that need a `this`, and nothing else.
const far = tun.module<typeof functions>("file:///functions.ts");
expectType<number>()(await far.add(1, 2));
expectType<AsyncGenerator<number, void, unknown>>()(await far.count(3));
expectType<NoCopy<Response>>()(await far.returnsResponse());
expect<
  Equal<Exclude<keyof typeof functions, keyof typeof far>, "Counter" | "constant" | "scale">
>();
// @ts-expect-error: the parameter is a number
await far.add("1");
// @ts-expect-error: it needs a `this`
await far.scale(3);

// Wrappers need no types but those of the function.
export async function onHost<A extends unknown[], R>(
  tunnel: BaseTunnel,
  fn: (...args: A) => R,
  ...args: A
): Promise<Awaited<R>> {
  return await tunnel.call(fn, ...args);
}
export function onAll<R>(all: Group, fn: () => R): Promise<GroupResult<Awaited<R>>> {
  return all.call(fn);
}
export class Traced extends Local {
  override async call<A extends unknown[], R>(
    fn: (...args: A) => R,
    ...args: A
  ): Promise<Awaited<R>> {
    return await super.call(fn, ...args);
  }
}
expectType<number>()(await onHost(tun, add, 1));
