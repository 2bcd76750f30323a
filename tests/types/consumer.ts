/**
 * A script that imports the library by path. `compiler_options_test.ts` has it checked under the
 * compiler options that projects set.
 *
 * @module
 */

import { ip } from "../../agent/facts.ts";
import { decode, encode } from "../../codec/mod.ts";
import { callback, Docker, ErrorResult, Group, Local, Queue, SSHTunnel, Sudo } from "../../mod.ts";
import { Scheduler } from "../../queue/scheduler.ts";
import * as functions from "./_functions.ts";

await using tun = new Local("a", { env: { A: "b" } });
export const n: number = await tun.call(functions.add, 1);
export const text: string = await tun.call((a, b) => a + b.length, "a", "b");
export const names: { name: string }[] = await tun.call(() => [{ name: "a" }]);
for await (const one of await tun.call(functions.countHere)) console.log(one.toFixed(2));
export const far: number = await tun.module<typeof functions>("file:///a.ts").add(1);
export const size: number = (await tun.fetch("/etc/hosts", null)).bytes.length;
await tun.call(functions.withCallback, callback((n: number) => console.log(n)));

const group = new Group([tun, new SSHTunnel("b", { port: 22 }), new Docker("c"), new Sudo()]);
for (const [host, address] of (await group.call(ip)).successful()) console.log(host, address);
for await (const [host, result] of group.stream(Date.now)) {
  console.log(host, result instanceof ErrorResult ? result.msg : result.toFixed(2));
}
export const web: Group = await group.filter((role) => role === "web", "web");

const queue = new Queue();
queue.call(group, ip).withCallback((result) => console.log(result.size));
await queue.run();
export const value: unknown = decode(encode({ a: 1 }));
export const lane: number = await new Scheduler().add("lane", () => Promise.resolve(1));

// What has no copy is refused under all options.
// @ts-expect-error: a Response has no copy
export const ok: boolean = (await tun.call(fetch, "https://example.com")).ok;
// @ts-expect-error: the parameter is a number
await tun.call(functions.add, "1");
