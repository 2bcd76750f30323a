/**
 * Methods and accessors of classes that are found elsewhere, too, or have something of their own.
 * The test imports this file; run as a script it does the same with what is in an entry script.
 *
 * @module
 */
// deno-lint-ignore-file no-explicit-any -- members are put where no type has any
import { assertEquals, assertRejects } from "@std/assert";
import { type Cases, runCases } from "./_run_cases.ts";

function getterOf(owner: object, key: PropertyKey): any {
  return Object.getOwnPropertyDescriptor(owner, key)!.get;
}

/** Gives a function, which gives something that JSON has. */
const makers: Readonly<Record<string, () => () => unknown>> = {
  "members with properties"() {
    class Memo {
      static twice(n: number): number {
        return (Memo.twice as any).cache[n] ??= 2 * n;
      }
      get size(): number {
        return 1;
      }
      "a b"(): number {
        return 2;
      }
      *all(): Generator<number> {
        yield 1;
      }
      async [`late${1}`](): Promise<void> {}
      constructor() {}
      routed(): number {
        return 3;
      }
      get routedToo(): string {
        return `
        `;
      }
      static last(): void {}
    }
    const { prototype } = Memo as any;
    (Memo.twice as any).cache = { 5: 11 };
    getterOf(prototype, "size").unit = "px";
    getterOf(prototype, "routedToo").unit = "em";
    prototype["a b"].text = "quoted";
    prototype.all.prototype.extra = () => 7;
    prototype.late1.route = "/late";
    prototype.routed.route = "/";
    (Memo.last as any).route = "/last";
    Object.freeze(prototype.routed);
    Object.defineProperty(prototype.late1, "name", { value: "renamed" });
    return () => [
      ...[Memo.twice(5), Memo.twice(4), (Memo.twice as any).cache],
      ...[getterOf(prototype, "size").unit, getterOf(prototype, "routedToo").unit],
      ...[prototype["a b"].text, (new Memo().all() as any).extra(), prototype.late1.name],
      ...Object.values(Object.getOwnPropertyDescriptors(prototype)).map((one) => one.value?.route),
      ...[(Memo.last as any).route, Object.isFrozen(prototype.routed)],
    ];
  },
  "members that are captured beside their class"() {
    class Base {
      #secret = 5;
      static #count = 1;
      render(): string {
        return "base";
      }
      get secret(): number {
        return this.#secret;
      }
      static count(): number {
        return Base.#count++;
      }
      static twin(): void {}
    }
    class Sub extends Base {
      override render(): string {
        return `sub ${super.render()}`;
      }
    }
    class Other extends Base {}
    const { render } = Base.prototype,
      { count } = Base,
      secret = getterOf(Base.prototype, "secret");
    const rendered = Sub.prototype.render, names = new Map<unknown, string>([[render, "render"]]);
    return () => [
      ...[Base, Sub, Other].map(({ prototype }) => prototype.render === render),
      ...[count(), Base.count(), count === Base.count, secret.call(new Base())],
      ...[secret === getterOf(Base.prototype, "secret"), rendered.call(new Sub())],
      ...[names.get(Other.prototype.render), names.get(Sub.prototype.render)],
    ];
  },
  "a member that is described before its class"() {
    class Late {
      static first(): unknown[] {
        return [Late.first === Late.second, (Late.first as any).n];
      }
      static second(): void {}
    }
    Late.second = Late.first as () => void;
    (Late.first as any).n = 3;
    return Late.first;
  },
  "members that a WeakMap knows"() {
    const known = new WeakMap<object, string>();
    class Api {
      list(): void {}
      static make(): void {}
      get it(): number {
        return 1;
      }
    }
    known.set(Api.prototype.list, "list").set(Api.make, "make");
    known.set(getterOf(Api.prototype, "it"), "it");
    return () =>
      [Api.prototype.list, Api.make, getterOf(Api.prototype, "it"), Api].map((one) =>
        known.get(one) ?? "unknown"
      );
  },
  "what is no member, though it is written in the class"() {
    class Made {
      list(): number[] {
        return [1];
      }
      static list?: () => number[];
      static go?: () => number[];
      static named?: () => number[];
      get first(): number {
        return [2][0]!;
      }
      static setUp(make: unknown = () => [0]): unknown {
        const go = () => [3];
        Object.assign(Made, {
          go,
          named: function named() {
            return [4];
          },
        });
        Object.assign(Made.prototype, {
          run() {
            return [5];
          },
        });
        return make;
      }
    }
    Made.setUp();
    Made.list = Made.prototype.list;
    const { prototype } = Made as any;
    Object.defineProperty(Made, "first", Object.getOwnPropertyDescriptor(prototype, "first")!);
    prototype.setUp = Made.setUp;
    return () => [
      ...[Made.list?.(), Made.list === prototype.list, Made.go?.(), Made.named?.()],
      ...[prototype.run?.(), (Made as any).first, prototype.setUp === Made.setUp],
    ];
  },
  "members that were swapped"() {
    class Pair {
      a(): string {
        return ["a"][0]!;
      }
      b(): string {
        return ["b"][0]!;
      }
    }
    const { a, b } = Pair.prototype;
    Object.assign(Pair.prototype, { a: b, b: a });
    return () => [new Pair().a(), new Pair().b(), a(), Pair.prototype.b === a];
  },
  "members of another class that the same code has made"() {
    const make = (text: string) =>
      class {
        static of(): string[] {
          return [text];
        }
        m(): string[] {
          return [text];
        }
      };
    const A = make("a"), B = make("b"), C = make("c");
    Object.assign(A.of, { n: 1 });
    B.of = A.of;
    B.prototype.m = A.prototype.m;
    const { m } = C.prototype;
    return () => [
      ...[A.of(), B.of(), C.of(), A.of === B.of, (B.of as any).n, (C.of as any).n ?? null],
      ...[new A().m(), new B().m(), m(), m === C.prototype.m, m === A.prototype.m],
    ];
  },
  "a class that needs a member of another one"() {
    const hooks: (() => number)[] = [];
    const five = 5;
    class First {
      static five(): number {
        return five;
      }
    }
    hooks.push(First.five);
    class Second {
      static values = hooks.map((hook) => hook());
    }
    return () => [Second.values, hooks[0] === First.five];
  },
};

export const cases: Cases = {
  ...Object.fromEntries(
    Object.entries(makers).map(([name, make]): [string, Cases[string]] => [
      name,
      async (tun) => assertEquals(await tun.call(make()), make()()),
    ]),
  ),

  async "a member with a property that has no copy is refused"(tun) {
    class Socket {}
    class Api {
      open(): number {
        return 1;
      }
    }
    Object.assign(Api.prototype.open, { socket: new Socket() });
    const text = "it uses Api, which uses open: property socket is a Socket, which has no copy";
    await assertRejects(() => tun.call(() => new Api().open()), TypeError, text);
  },
};

if (import.meta.main) await runCases(cases);
