/**
 * What the runtime makes for a script, and has no place: functions that are wrapped by `node:util`,
 * built-ins that no global leads to, and collections that hold their members weakly. The test
 * imports this file; run as a script it does the same with what is in an entry script.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import dns from "node:dns";
import fs from "node:fs";
import process from "node:process";
import { callbackify, deprecate, promisify } from "node:util";
import zlib from "node:zlib";
import { RemoteError } from "../../../mod.ts";
import { none, ring } from "../fixture/levels.ts";
import { type Cases, runCases } from "./_run_cases.ts";

type Promised = Record<0 | 1 | 2, (...args: unknown[]) => Promise<unknown>> & unknown[];
type Done = (error: Error | null, value?: unknown) => void;

class Counter {
  count(): number {
    const own = counts.get(this) ?? { n: 0 };
    counts.set(this, own);
    return ++own.n;
  }
}
const counts = new WeakMap<Counter, { n: number }>();

export const cases: Cases = {
  async "functions that promisify(), callbackify() and deprecate() have made"(tun) {
    const unit = 2;
    const twice = Object.assign((n: number, done: Done) => done(null, n * unit), { own: 1 });
    const fail = promisify((done: Done) => done(new RangeError("no")));
    const [gzip, read, double] = [zlib.gzip, fs.readFile, twice].map((fn) =>
      promisify(fn as never) as (...args: unknown[]) => Promise<unknown>
    ) as Promised;
    const old = deprecate((n: number) => n + unit, "old() is old", "DEP_OLD");
    const lookup = promisify(dns.lookup);
    const later = callbackify((n: number) => Promise.resolve(n + unit));
    assertEquals(await tun.call(double, 4), 8, "itself");
    const [bytes, text, ...rest] = await tun.call(async () => [
      (await gzip("text") as Uint8Array).length > 4,
      typeof await read("/etc/hosts", "utf8"),
      (await lookup("127.0.0.1")).address,
      await double(3),
      Object.assign(process, { noDeprecation: true }) && old(1),
      (double as unknown as typeof twice).own,
      await fail().catch(({ message }: Error) => message),
      await new Promise((resolve) => later(5, (_, value) => resolve(value))),
    ]) as unknown[];
    assertEquals([bytes, text, ...rest], [true, "string", "127.0.0.1", 6, 3, 1, "no", 7]);
  },
  async "built-ins that no global leads to"(tun) {
    const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
    const Generator = (function* () {}).constructor;
    const AsyncGenerator = (async function* () {}).constructor;
    const TypedArray = Object.getPrototypeOf(Uint8Array);
    const { prototype } = TypedArray;
    const { set } = Uint8Array.prototype;
    const { next } = (function* () {}).constructor.prototype.prototype;
    const read = async () => {
      const bytes = new Uint8Array(2);
      set.call(bytes, [1], 1);
      return [
        await new AsyncFunction("n", "return await n")(5),
        (function* () {}) instanceof Generator,
        (async function* () {}) instanceof AsyncGenerator,
        bytes instanceof TypedArray,
        Object.getPrototypeOf(Int8Array.prototype) === prototype,
        [...bytes],
        next.call((function* () {
          yield 3;
        })()),
      ];
    };
    assertEquals(await tun.call(read), await read());
  },
  async "collections that hold their members weakly"(tun) {
    const [a, b, alone] = [{ name: "a" }, { name: "b" }, { name: "alone" }];
    const run = (): number => 1;
    // deno-lint-ignore no-explicit-any -- a value that refers to other keys
    const map = new WeakMap<object, any>([[a, 1], [b, { b }], [run, a], [none, "none"]]);
    map.set(alone, new (class Odd {})());
    const set = new WeakSet<object>([b, map]);
    const frozen = Object.freeze(new WeakSet([a]));
    const read = (given: object): unknown => {
      const own = {};
      map.set(own, 5);
      return [
        [a, b, given, own].map((key) => map.has(key)),
        map.get(given).b === given,
        map.get(run) === a,
        map.get(none),
        [given, a, map].map((key) => set.has(key)),
        [frozen.has(a), Object.isFrozen(frozen), map instanceof WeakMap],
      ];
    };
    assertEquals(await tun.call(read, b), read(b));
    const own = new WeakMap<object, unknown>([[Array, 1], [console, 2], [Counter.prototype, 3]]);
    const builtIn = (): unknown => [Array, console, Counter.prototype].map((key) => own.get(key));
    assertEquals(await tun.call(builtIn), [1, 2, 3]);
    const counter = (): number[] => [new Counter()].flatMap((one) => [one.count(), one.count()]);
    assertEquals(await tun.call(counter), [1, 2]);
    assertEquals(await tun.call((given, key) => given.get(key), map, a), 1, "argument");
    const text = "variable map.get() is an Odd, which has no copy";
    await assertRejects(() => tun.call(() => map.get(alone)), TypeError, text);
    await assertRejects(() => tun.call(() => new WeakMap() as unknown), RemoteError, "weakly");
    const copied = new WeakMap([[ring, 1]]);
    const anew =
      "variable copied has a member that code there has, too, and that its module makes anew";
    await assertRejects(() => tun.call(() => copied.get(ring)), TypeError, anew);
    assertEquals(await tun.call((given) => copied.get(given), ring), 1, "given");
  },
};

if (import.meta.main) await runCases(cases);
