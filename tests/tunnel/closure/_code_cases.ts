/**
 * Functions of every form that go by value. The test imports this file; run as a script it does the
 * same with functions of an entry script.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import process from "node:process";
import { type Cases, runCases } from "./_run_cases.ts";

const port = 8080;
function greet(name = "nobody"): string {
  return `hello ${name} at ${port}`;
}

function isEven(n: number): boolean {
  return n === 0 ? true : isOdd(n - 1);
}

function isOdd(n: number): boolean {
  return n === 0 ? false : isEven(n - 1);
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

const tools = {
  factor: 3,
  times(n: number): number {
    return n * 2;
  },
  arrow: (n: number) => n * port,
  async later(n: number): Promise<number> {
    return await Promise.resolve(n + 1);
  },
  get size(): number {
    return 42 + port;
  },
  ["computed" + 1](n: number): number {
    return n + port;
  },
  *each(): Generator<number> {
    yield 1;
    yield port;
  },
  "quoted name"(): string {
    return "quoted";
  },
  0(): string {
    return "zero";
  },
  async(): string {
    return "named async";
  },
  get(): string {
    return "named get";
  },
  static: () => "named static",
};

class Shape {
  static made = 0;
  static readonly #secret = 7;
  static kinds: string[] = ["none"];
  #side: number;
  readonly name: string = "shape";
  constructor(side: number) {
    this.#side = side;
    Shape.made++;
  }
  get area(): number {
    return this.#side * this.#side + port - port;
  }
  scale(by: number): Shape {
    return new Shape(this.#side * by);
  }
  static of(side: number): Shape {
    return new this(side);
  }
  static secret(): number {
    return Shape.#secret;
  }
  static {
    Shape.kinds.push("square");
  }
  static has(value: object): boolean {
    return #side in value;
  }
}

class Square extends Shape {
  override readonly name = "square";
  override get area(): number {
    return super.area + 1;
  }
  label = () => `${this.name} ${this.area}`;
}

// deno-lint-ignore no-explicit-any -- TypeScript demands it of a mixin
type Constructor<T> = new (...args: any[]) => T;

const Named = <T extends Constructor<object>>(Base: T, title: string) =>
  class extends Base {
    title = title;
    shout(): string {
      return this.title.toUpperCase();
    }
  };

class Mixed extends Named(Shape, "mixed") {}

class MyError extends Error {
  override name = "MyError";
  constructor(code: number) {
    super(`code ${code}`);
  }
}

function* numbers(to: number): Generator<number> {
  for (let i = 1; i <= to; i++) yield i;
}

async function* slowly(to: number): AsyncGenerator<number> {
  for (const n of numbers(to)) {
    await Promise.resolve();
    yield n * 10;
  }
}

const suffix = "x";
const prefixed = (text: string): string => `v-${text}${suffix}`;
const registered = new Map<string, unknown>();
const register = (name: string): number => registered.set(name, helpers.label(name)).size;
const helpers = { label: (name: string) => prefixed(name) };

class Registered {
  static readonly label = prefixed("l");
  static readonly count = register("field");
  static {
    register("block");
  }
}

function sealed<T>(type: T, _: ClassDecoratorContext): T {
  return type;
}

function extended<T extends Constructor<object>>(Type: T, _: ClassDecoratorContext): T {
  return class extends Type {
    extra = suffix;
  };
}

type Method<T> = (this: T) => number;

function plusOne<T>(method: Method<T>, _: ClassMethodDecoratorContext): Method<T> {
  return function () {
    return method.call(this) + 1;
  };
}

function incremented(_: undefined, __: ClassFieldDecoratorContext): (value: number) => number {
  return (value) => value + 1;
}

@sealed
class Decorated {
  readonly #one = 1;
  @incremented
  field = 1;
  @plusOne
  method(): number {
    return this.#one;
  }
  @plusOne
  static twice(): number {
    return 2;
  }
}

@extended
class Extended {
  @plusOne
  method(): number {
    return 1;
  }
}

// The value that a name was computed from is lost after its use.
const METHOD = "run";
const KEYS = { get: "size", static: "made", of: "of" } as const;
const named = Symbol.for("chopsticks.named");
let members = 0;

const computed = {
  [METHOD](): unknown {
    return "an object's";
  },
  async *["each" + METHOD](): AsyncGenerator<number> {
    yield 1;
  },
};

class Computed {
  [METHOD](): string {
    return "method";
  }
  [named](): string {
    return "symbol";
  }
  get [KEYS.get](): string {
    return "getter";
  }
  set [KEYS.get](_: string) {}
  static [KEYS.of](): string {
    return "static";
  }
  static [KEYS.static] = "field";
  static other = 0;
  [`member${members++}`](): string {
    return "first";
  }
  [`member${members++}`](): string {
    return "second";
  }
  *[Symbol.iterator](): Generator<number> {
    yield 1;
  }
}

class State {
  static url = "none";
  static readonly items = new Map<string, unknown>();
  static readonly instance = new Shape(2);
  static readonly create = (): State => new this();
  static list: unknown[] = [];
  static #count = 5;
  static count(): number {
    return State.#count;
  }
  value = "of an instance";
}

function Old(this: { n: number }, n: number): void {
  this.n = n;
}
Old.prototype.read = function (this: { n: number }): number {
  return this.n;
};
Object.defineProperty(Old.prototype, "twice", {
  get(this: { n: number }): number {
    return this.n * 2;
  },
});

/** Node before 22 has no `Array.fromAsync`. */
async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of iterable) all.push(one);
  return all;
}

const here = { name: "here" };

/** Each case, by what is sent. */
export const cases: Cases = {
  async "a function that is not exported, with constants and defaults"(tun) {
    assertEquals(await tun.call(greet), "hello nobody at 8080");
    assertEquals(await tun.call(greet, "you"), "hello you at 8080");
  },

  async "an arrow function, at the far end"(tun) {
    const text = "captured";
    const [pid, seen] = await tun.call(() => [process.pid, text] as const);
    assertEquals([pid, seen], [tun.info!.pid, "captured"]);
    assertEquals(await tun.call(async () => await Promise.resolve(text)), text);
  },

  async "functions that call each other and themselves"(tun) {
    assertEquals(await tun.call(isEven, 10), true);
    assertEquals(await tun.call(isOdd, 10), false);
    assertEquals(await tun.call(factorial, 10), 3628800);
    const inner = (n: number): number => n < 2 ? n : inner(n - 1) + inner(n - 2);
    assertEquals(await tun.call(inner, 10), 55);
    assertEquals(
      await tun.call(function fib(n: number): number {
        return n < 2 ? n : fib(n - 1) + fib(n - 2);
      }, 10),
      55,
    );
  },

  async "methods, getters and setters of an object literal"(tun) {
    assertEquals(await tun.call(tools.times, 4), 8);
    assertEquals(await tun.call(tools.arrow, 2), 16160);
    assertEquals(await tun.call(tools.later, 2), 3);
    assertEquals(await tun.call(tools.computed1 as (n: number) => number, 2), 8082);
    assertEquals(await tun.call(tools["quoted name"]), "quoted");
    assertEquals(await tun.call(tools[0]), "zero");
    assertEquals(await tun.call(tools.async), "named async");
    assertEquals(await tun.call(tools.get), "named get");
    assertEquals(await tun.call(tools.static), "named static");
    const get = Object.getOwnPropertyDescriptor(tools, "size")!.get!;
    assertEquals(await tun.call(get as () => number), 8122);
    const box = {
      set value(n: number) {
        if (n !== port) throw new RangeError(`not ${port}`);
      },
    };
    const set = Object.getOwnPropertyDescriptor(box, "value")!.set!;
    assertEquals(await tun.call(set as (n: number) => void, 8080), undefined);
    const each = tools.each;
    assertEquals(await tun.call(() => [...each()]), [1, 8080]);
  },

  async "classes, as captured values"(tun) {
    assertEquals(await tun.call(() => new Shape(3).area), 9);
    assertEquals(await tun.call(() => Shape.of(2).scale(3).area), 36);
    assertEquals(await tun.call(() => [Shape.secret(), Shape.kinds]), [7, ["none", "square"]]);
    assertEquals(await tun.call(() => [Shape.has(new Shape(1)), Shape.has({})]), [true, false]);
    assertEquals(await tun.call(() => new Square(3).area), 10);
    assertEquals(await tun.call(() => new Square(3).label()), "square 10");
    assertEquals(
      await tun.call(() => [
        new Square(1) instanceof Shape,
        Square.name,
        Object.getPrototypeOf(Square) === Shape,
      ]),
      [true, "Square", true],
    );
  },

  async "a class that extends an expression, a built-in, or none"(tun) {
    assertEquals(await tun.call(() => [new Mixed(2).shout(), new Mixed(3).area]), ["MIXED", 9]);
    const Local = class extends Named(Named(Shape, "in"), "out") {};
    assertEquals(await tun.call(() => [new Local(2).title, Local.name]), ["out", "Local"]);
    const [message, isError] = await tun.call(() => {
      const error = new MyError(3);
      return [error.message, error instanceof Error] as const;
    });
    assertEquals([message, isError], ["code 3", true]);
    class List extends Array<number> {
      sum(): number {
        return this.reduce((a, b) => a + b, 0);
      }
    }
    assertEquals(await tun.call(() => (List.from([1, 2, 3]).map((n) => n) as List).sum()), 6);
    const Anonymous = (() => class {})();
    assertEquals(await tun.call(() => [Anonymous.name, typeof new Anonymous()]), ["", "object"]);
    const Nothing = class extends (null as unknown as typeof Object) {};
    assertEquals(await tun.call(() => Object.getPrototypeOf(Nothing.prototype)), null);
  },

  async "a class whose static fields and blocks call functions"(tun) {
    assertEquals(await tun.call(() => Registered.label), "v-lx");
    assertEquals(
      await tun.call(() => [Registered.count, [...registered]]),
      [1, [["field", "v-fieldx"], ["block", "v-blockx"]]],
    );
    class First {
      static text = prefixed("first");
    }
    class Second {
      static text = First.text + make();
    }
    function make(later = false): string {
      return later ? new Third().text + Second.text : prefixed("second");
    }
    class Third {
      text = First.text;
    }
    assertEquals(await tun.call(() => Second.text), "v-firstxv-secondx");
  },

  async "classes with decorators"(tun) {
    assertEquals(
      await tun.call(() => [
        new Decorated().method(),
        new Decorated().field,
        Decorated.twice(),
        (new Extended() as { extra?: string }).extra,
        new Extended().method(),
      ]),
      [2, 2, 3, "x", 2],
    );
  },

  async "names of members that are computed"(tun) {
    // deno-lint-ignore no-explicit-any -- TypeScript does not know the names
    const [Type, object] = [Computed as any, computed as any];
    assertEquals(await tun.call(() => object.run.name), "run");
    assertEquals(await tun.call(() => collect(object.eachrun())), [1]);
    assertEquals(
      await tun.call(() => {
        const one = new Type();
        const { size, [named]: symbol } = one;
        return [one.run(), size, symbol(), one.member0(), one.member1(), [...one]];
      }),
      ["method", "getter", "symbol", "first", "second", [1]],
    );
    assertEquals(await tun.call(() => [Type.of(), Type.made]), ["static", "field"]);
    const make = (key: string) =>
      class {
        [key](): string {
          return key.toUpperCase();
        }
      };
    const forgetful = (key: string) =>
      class {
        [key](): void {}
      };
    const types = [make("a"), make("b"), forgetful("c"), forgetful("d")];
    assertEquals(
      await tun.call(() =>
        types.map(({ prototype }) => Object.getOwnPropertyNames(prototype).at(-1))
      ),
      ["a", "b", "c", "d"],
    );
  },

  async "what was assigned to functions and classes"(tun) {
    const task = Object.assign(() => task.retries, { retries: 3, self: {}, sub: () => port });
    task.self = task;
    assertEquals(await tun.call(task), 3);
    const promise = tun.call(task);
    task.retries = 4;
    assertEquals(await promise, 3);
    assertEquals(
      await tun.call(() => [task.self === task, task.sub(), Object.keys(task)]),
      [true, 8080, ["retries", "self", "sub"]],
    );
    // deno-lint-ignore no-explicit-any -- an old way to make a class
    const Type = Old as any;
    assertEquals(await tun.call(() => [new Type(2).read(), new Type(3).twice]), [2, 6]);
  },

  async "what is in the static fields of a class now"(tun) {
    State.url = "http://set";
    State.items.set("one", () => port);
    State.list = [State];
    Object.assign(State, { added: 1 });
    Object.assign(State.prototype, { late: (n: number) => n * 2 });
    assertEquals(
      await tun.call(() => [
        State.url,
        (State.items.get("one") as () => number)(),
        State.list[0] === State,
        (State as { added?: number }).added,
        (new State() as State & { late(n: number): number }).late(2),
      ]),
      ["http://set", 8080, true, 1, 4],
    );
    // A field that has no copy, or cannot be seen, starts as the class defines it.
    assertEquals(
      await tun.call(() => [State.instance.area, State.create().value, State.count()]),
      [4, "of an instance", 5],
    );
    State.items.clear();
  },

  async "a static method of a class that is not exported"(tun) {
    class Tool {
      static unit = 5;
      static twice(n: number): number {
        return n * 2;
      }
      static async slow(): Promise<string> {
        return await Promise.resolve("slow");
      }
      static *each(): Generator<number> {
        yield 1;
      }
      value(): string {
        return "of an instance";
      }
    }
    assertEquals(await tun.call(Tool.twice, 4), 8);
    assertEquals(await tun.call(Tool.slow), "slow");
    const { each } = Tool;
    assertEquals(await tun.call(() => [...each()]), [1]);
    assertEquals(await tun.call(Tool.prototype.value), "of an instance");
  },

  async "generators and async generators, called by what is sent"(tun) {
    assertEquals(await tun.call(() => [...numbers(4)]), [1, 2, 3, 4]);
    assertEquals(await tun.call(() => collect(slowly(3))), [10, 20, 30]);
    const local = async function* (): AsyncGenerator<string> {
      yield* ["a", "b"];
    };
    assertEquals(await tun.call(() => collect(local())), ["a", "b"]);
  },

  async "bound functions"(tun) {
    function describe(this: { name: string }, a: number, b: number): string {
      return `${this.name} ${a + b} ${port}`;
    }
    assertEquals(await tun.call(describe.bind({ name: "bound" }, 1), 2), "bound 3 8080");
    const twice = describe.bind(here).bind(null, 5, 6);
    assertEquals(await tun.call(twice), "here 11 8080");
    assertEquals(await tun.call(() => twice()), "here 11 8080");
    assertEquals(await tun.call(Math.max.bind(null, 7), 3), 7);
  },

  async "syntax of every kind"(tun) {
    const fn = (
      { a, b: [c = port, ...d] = [1], ...rest }: Record<string, unknown> & { b?: number[] },
      e = `${port} and ${`nested ${a as number}`}`,
      f = (x: number) => x + (c as number),
      ...others: number[]
    ): unknown => [a, c, d, rest, e, f(1), others];
    assertEquals(await tun.call(fn, { a: 1, z: 2 }), [
      1,
      1,
      [],
      { z: 2 },
      "8080 and nested 1",
      2,
      [],
    ]);
    assertEquals(await tun.call(fn, { b: [5, 6] }, "e", (x) => x * 2, 7), [
      ...[undefined, 5, [6], {}, "e", 2, [7]],
    ]);
    const labels = (): number => {
      let n = 0;
      outer: for (let i = 0; i < 3; i++) {
        for (;;) {
          n++;
          if (n > 4) break outer;
          continue outer;
        }
      }
      return n;
    };
    assertEquals(await tun.call(labels), 3);
    function all(): unknown {
      return [arguments.length, [...arguments], (() => arguments[0])()];
    }
    assertEquals(await tun.call(all as (...args: number[]) => unknown, 4, 5), [2, [4, 5], 4]);
    const tag = (strings: TemplateStringsArray, ...values: unknown[]): string =>
      strings.raw.join("|") + values.join();
    assertEquals(await tun.call(() => tag`a\n${port}b`), "a\\n|b8080");
    assertEquals(
      await tun.call(function () {
        // A comment with a brace }, and a regular expression with one.
        return [/[}/]+/.exec("a}/b")?.[0], port?.toFixed?.(1) ?? null, new.target === undefined];
      }),
      ["}/", "8080.0", true],
    );
    assertEquals(await tun.call((async) => async + 1, 1), 2);
    assertEquals(await tun.call(async (x) => await x, 1), 1);
  },

  async "the names of functions"(tun) {
    const named = () => 0;
    const { anonymous } = { anonymous: (() => () => 0)() };
    assertEquals(
      await tun.call((...all) => all.map(({ name, length }) => [name, length]), ...[
        greet,
        named,
        anonymous,
        tools.times,
        tools["quoted name"],
        Shape,
      ]),
      [["greet", 0], ["named", 0], ["", 0], ["times", 1], ["quoted name", 0], ["Shape", 1]],
    );
  },

  async "what was made by eval and new Function"(tun) {
    const made = new Function("a", "b", "return a + b") as (a: number, b: number) => number;
    assertEquals(await tun.call(made, 1, 2), 3);
    const evaluated = (0, eval)("(n) => n * 3") as (n: number) => number;
    assertEquals(await tun.call(evaluated, 2), 6);
  },
};

if (import.meta.main) await runCases(cases);
