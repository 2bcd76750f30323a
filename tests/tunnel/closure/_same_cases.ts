/**
 * Functions that do at the far end what they do here: each case makes one anew for every run, and
 * the results are compared. The test imports this file; run as a script, it does the same with
 * functions of an entry script.
 *
 * @module
 */
// deno-lint-ignore-file no-explicit-any no-var no-inner-declarations no-func-assign -- old code
import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { EventEmitter } from "node:events";
import fs from "node:fs";
import { promisify } from "node:util";
import * as path from "node:path";
import { type Cases, runCases } from "./_run_cases.ts";

let shared = 1;

/** Gives a function, which gives something that JSON has. */
const makers: Readonly<Record<string, () => () => unknown>> = {
  "the text of functions whose code is changed to be sent"() {
    const key = `key${1}`;
    class Base {
      static made = [1].length;
      static #hidden = 2;
      static run = (): number => 1;
      static {
        Base.made += Base.#hidden;
      }
      [key](): void {}
    }
    class Sub extends Base {
      static override made = super.made + 1;
    }
    const object = { [key]: Base, [`${key}b`]() {} };
    const imports = () => import("node:path", { with: {} });
    const { toString } = Function.prototype;
    return () => {
      const functions = [...Object.values(object), Base, Sub, Base.run, imports, toString, Map];
      return [
        ...functions.map((one) => [String(one), toString.call(one), `${one}`]),
        [Base.made, Sub.made, toString.name, toString.length, toString === Base.toString],
        Object.getOwnPropertyDescriptor(Function.prototype, "toString")!.enumerable,
      ];
    };
  },
  "variables of two blocks with the same name"() {
    let up: () => number, read: () => number;
    {
      let n = 0;
      up = () => ++n;
    }
    {
      let n = 10;
      read = () => n++;
    }
    return () => [up(), up(), read(), read()];
  },
  "two calls of one factory with equal states"() {
    const make = () => {
      let n = 0;
      return { up: () => ++n, read: () => n };
    };
    const one = make(), two = make();
    return () => [one.up(), one.up(), two.up(), one.read(), two.read()];
  },
  "one function of each of two calls of a factory"() {
    const make = () => {
      let n = 0;
      return [() => ++n, () => n] as const;
    };
    const [up] = make(), [, read] = make();
    return () => [up(), read()];
  },
  "the turns of a loop"() {
    const counters: { up(): number; read(): number }[] = [];
    for (let i = 0; i < 3; i++) {
      let n = 0;
      counters.push({ up: () => (n += i), read: () => n });
    }
    return () => counters.map((one) => [one.up(), one.up(), one.read()]);
  },
  "a shared scope with a built-in in it"() {
    const make = () => {
      const max = Math.max;
      let n = 0;
      return [() => n = max(n, 1) + 1, () => n] as const;
    };
    const [up, read] = make();
    return () => [up(), up(), read()];
  },
  "var in a loop is one variable"() {
    const fns: (() => number)[] = [];
    for (var i = 0; i < 3; i++) fns.push(() => i++);
    return () => fns.map((fn) => fn());
  },
  "a parameter that a function of the body changes"() {
    const make = (n: number, read = () => n) => [() => ++n, read] as const;
    const [up, read] = make(5);
    return () => [up(), read()];
  },
  "a variable of the module that two functions share"() {
    const set = (n: number) => shared = n;
    const get = () => shared;
    return () => {
      const before = get();
      set(5);
      const after = get();
      set(before);
      return [before, after];
    };
  },
  "the name of a function expression"() {
    const fn = function visit(n: number): number {
      return n === 0 ? 0 : 1 + visit(n - 1);
    };
    return () => fn(3);
  },
  "properties of a function whose text names them"() {
    class Big {
      static kind = "of default";
      name() {
        return "default";
      }
    }
    Object.assign(Big, { default: Big, name2: 1 });
    return () => [Object.keys(Big), (Big as any).default === Big];
  },
  "properties that are not enumerable"() {
    const fn = () => {};
    Object.defineProperty(fn, "hidden", { value: 3 });
    const object = Object.defineProperty({}, "hidden", { value: 4 });
    return () => [
      Object.getOwnPropertyDescriptor(fn, "hidden"),
      Object.getOwnPropertyDescriptor(object, "hidden"),
    ];
  },
  "a prototype that was set on a function"() {
    const styles = Object.defineProperties(() => {}, {
      red: { get: () => () => "red", enumerable: true },
    });
    const chalk = Object.setPrototypeOf(() => "text", styles);
    return () => [chalk.red(), chalk(), typeof chalk.call];
  },
  "an object that inherits from Function.prototype"() {
    const made = Object.create(Function.prototype, {
      default: { get: () => shared, enumerable: true },
      name: { value: "made", enumerable: true },
    });
    return () => [made.default, made.name, typeof made.call, Object.keys(made)];
  },
  "accessors of an object"() {
    const object = {
      n: 1,
      get twice() {
        return this.n * 2;
      },
      set half(value: number) {
        this.n = value * 2;
      },
    };
    return () => {
      object.half = 4;
      return [object.n, object.twice, Object.keys(object)];
    };
  },
  "declared functions to whose names is assigned"() {
    function early(n = 1): any {
      return n > 3 ? "deep" : early(n + 1);
    }
    const first = early;
    // @ts-ignore: that is what this is about
    early = () => "new";
    function lazy(): unknown {
      const value = { a: 1 };
      // @ts-ignore: compilers do this
      lazy = () => value;
      return value;
    }
    function* each(n = 0): any {
      yield n;
      if (n < 2) yield* each(n + 1);
    }
    const all = each;
    const stop = () => {
      // @ts-ignore: another function does it
      each = function* () {};
    };
    let inner: any = () => "outer";
    const named = function inner(n = 0): any {
      return n > 0 ? "itself" : inner(1);
    };
    inner = () => "another";
    return () => [
      [first(), early(), first.name, String(first)],
      [lazy() === lazy(), lazy()],
      [...all(), stop(), ...all(), ...each()],
      [named(), inner()],
    ];
  },
  "members that were deleted, swapped or changed"() {
    class Bare {
      static one = 1;
      static two = 2;
      static gone(): void {}
      left(): string {
        return "left";
      }
      right(): string {
        return "right";
      }
      gone(): void {}
    }
    const { left, right } = Bare.prototype;
    Object.assign(Bare.prototype, { left: right, right: left });
    for (const key of ["one", "gone"]) Reflect.deleteProperty(Bare, key);
    Reflect.deleteProperty(Bare.prototype, "gone");
    Object.defineProperty(Bare.prototype, "left", { enumerable: true, writable: false });
    const nameless = function named(_: unknown): void {};
    for (const key of ["name", "length"]) Reflect.deleteProperty(nameless, key);
    return () => {
      const made = new Bare();
      return [
        [made.left(), made.right(), typeof made.gone, Object.keys(Bare.prototype)],
        Object.getOwnPropertyNames(Bare).sort(),
        Object.values(Object.getOwnPropertyDescriptors(Bare.prototype))
          .map((one) => [one.enumerable, one.writable, one.configurable]),
        [nameless.name, nameless.length, Object.getOwnPropertyNames(nameless)],
      ];
    };
  },
  "classes with a frozen prototype"() {
    class Frozen {
      static n = [1];
      get(): number {
        return Frozen.n.length;
      }
    }
    function Old(this: { x: number }): void {
      this.x = 1;
    }
    class Sealed extends Frozen {}
    for (const one of [Frozen, Old]) Object.freeze(one.prototype);
    Object.seal(Sealed.prototype);
    const tests = [Object.isExtensible, Object.isSealed, Object.isFrozen];
    return () => [
      ...[Frozen, Old, Sealed].map((one) => tests.map((test) => test(one.prototype))),
      new Sealed().get(),
      Object.keys(new (Old as any)()),
      tests.map((test) => test(Frozen)),
    ];
  },
  "frozen, sealed and not extensible"() {
    const list = [Object.freeze({}), Object.seal({ a: 1 }), Object.preventExtensions({ a: 1 })];
    return () => list.map((one) => [Object.isFrozen(one), Object.isSealed(one)]);
  },
  "arguments of a call"() {
    const given = (function (..._: unknown[]) {
      return arguments;
    })(1, 2);
    return () => [given.length, [...given]];
  },
  "static private fields as they are now"() {
    class Counter {
      static #n = 0;
      static up() {
        return ++Counter.#n;
      }
    }
    Counter.up();
    return () => Counter.up();
  },
  "static fields are not made again"() {
    const log: string[] = [];
    class Registry {
      static all = (log.push("made"), ["first"]);
    }
    Registry.all.push("second");
    return () => [Registry.all, log];
  },
  "classes as they were made before `class`"() {
    function Animal(this: any, name: string) {
      this.name = name;
    }
    Animal.prototype.hello = function () {
      return `hello ${this.name}`;
    };
    function Dog(this: any) {
      (Animal as any).call(this, "dog");
    }
    Dog.prototype = Object.create(Animal.prototype, {
      constructor: { value: Dog, writable: true, configurable: true },
    });
    Dog.prototype.bark = () => "wuff";
    return () => {
      const dog = new (Dog as any)();
      const names = [];
      for (const name in dog) names.push(name);
      return [dog.hello(), dog.bark(), dog instanceof (Animal as any), dog.constructor.name, names];
    };
  },
  "an emitter as it was made before `class`"() {
    function Emitter(this: any) {
      (EventEmitter as any).call(this);
    }
    Object.setPrototypeOf(Emitter.prototype, EventEmitter.prototype);
    return () => {
      const emitter = new (Emitter as any)();
      let n = 0;
      emitter.on("x", () => n++);
      emitter.emit("x");
      return n;
    };
  },
  "sloppy code"() {
    const isObject = new Function("return typeof this") as () => string;
    const sets = new Function("a", "arguments[0] = 2; return a") as (a: number) => number;
    const withScope = new Function("o", "with (o) return x") as (o: object) => number;
    return () => [isObject(), sets(1), withScope({ x: 3 })];
  },
  "own symbols"() {
    const key = Symbol("key"), none = Symbol("none");
    const object = { [key]: 1, value: none };
    return () => [object[key], object.value === none, key.description];
  },
  "built-in classes as parents"() {
    class Upper extends TransformStream<string, string> {
      constructor() {
        super({ transform: (chunk, controller) => controller.enqueue(chunk.toUpperCase()) });
      }
    }
    class Event2 extends EventTarget {}
    return async () => {
      const stream = new Blob(["a"]).stream().pipeThrough(new TextDecoderStream());
      let text = "";
      const reader = stream.pipeThrough(new Upper()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return [text, new Event2() instanceof EventTarget];
        text += value;
      }
    };
  },
  "what the runtime brings"() {
    const { join } = path;
    const run = promisify(execFile);
    const sleep = promisify(setTimeout);
    return async () => {
      await sleep(1);
      await run("true");
      return [join("a", "b"), typeof fs.promises.readFile, path.posix.basename("/a/b")];
    };
  },
  "the last index of an expression"() {
    const expression = /\d/g;
    expression.lastIndex = 2;
    return () => [expression.lastIndex, expression.exec("1234")?.[0]];
  },
  "bound functions with properties"() {
    const bound = function (this: { k: number }, n: number) {
      return this.k + n;
    }.bind({ k: 1 }, 2);
    Object.assign(bound, { extra: 7 });
    return () => [bound(), (bound as any).extra, bound.name];
  },
  "memory in a property of a function"() {
    const memo = (n: number): number => {
      if (!memo.cache.has(n)) memo.cache.set(n, n * 2);
      return memo.cache.get(n)!;
    };
    memo.cache = new Map<number, number>();
    memo(3);
    return () => [memo.cache.size, memo(4), memo.cache.size];
  },
};

/** The same, with a tunnel. */
export const cases: Cases = Object.fromEntries(
  Object.entries(makers).map(([name, make]) => [name, async (tun) => {
    const here = JSON.stringify(await make()());
    assertEquals(JSON.stringify(await tun.call(make())), here);
  }]),
);

if (import.meta.main) await runCases(cases);
