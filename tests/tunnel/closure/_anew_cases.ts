/**
 * What static fields of classes make anew at the far end. The test imports this file; run as a
 * script it does the same with classes of an entry script.
 *
 * @module
 */
// deno-lint-ignore-file no-explicit-any -- what is added to an object has no type
import { assertEquals, assertRejects } from "@std/assert";
import { EventEmitter } from "node:events";
import { RemoteError } from "../../../mod.ts";
import { type Cases, runCases } from "./_run_cases.ts";

export const cases: Cases = {
  async "instances that static fields made, and that may have changed, are refused"(tun) {
    class Store {
      static shared = new Store();
      items: number[] = [];
      add(item: number): void {
        this.items.push(item);
      }
    }
    class Counter {
      static #shared = 0;
      static main = new Counter();
      #n = Counter.#shared;
      up(): number {
        return ++this.#n;
      }
    }
    class Color {
      static readonly RED = new Color("red");
      static readonly all = [Color.RED, new Color("blue")];
      static readonly #by = new Map(Color.all.map((one) => [one.name, one]));
      static of(name: string): Color | undefined {
        return Color.#by.get(name);
      }
      readonly #name: string;
      readonly of = Object.freeze(["rgb"]);
      constructor(name: string) {
        this.#name = name;
      }
      get name(): string {
        return this.#name;
      }
    }
    class Names extends Map<string, number> {
      static all = new Names();
    }
    class Client {
      static main = new Client();
      controller = new AbortController();
    }
    assertEquals(
      await tun.call(() => [Store.shared.items, Client.main.controller.signal.aborted]),
      [
        ...[[], false],
      ],
    );
    assertEquals(await tun.call(() => Color.all.map(({ name }) => name)), ["red", "blue"]);
    assertEquals(await tun.call(() => Color.of("red") === Color.all[0] && Color.RED.of[0]), "rgb");
    Store.shared.add(1);
    await assertRejects(() => tun.call(() => Store.shared.items), TypeError, "shared is a Store");
    assertEquals(await tun.call(() => Names.all.size), 0);
    Names.all.set("a", 1);
    await assertRejects(() => tun.call(() => Names.all.size), TypeError, "all is a Names");
    Counter.main.up();
    await assertRejects(() => tun.call(() => Counter.main.up()), TypeError, "main is a Counter");
  },

  async "the fields of instances that static fields made are as they are here"(tun) {
    class Part {
      size = 1;
    }
    class Tool {
      static main = new Tool("main");
      static readonly all = [new Tool("a"), new Tool("b")];
      static readonly byName = new Map([["c", new Tool("c")]]);
      n = 1;
      gone? = 2;
      made = new Date(0);
      id = Math.random();
      readonly name: string;
      constructor(name: string) {
        this.name = name;
      }
      up(): number {
        return ++this.n;
      }
    }
    class Hidden {
      static #one = new Hidden();
      static get one(): any {
        return Hidden.#one;
      }
      own = 1;
    }
    class Holder {
      static first = new (class extends Part {
        weight = 2;
      })();
    }
    const look = () => [
      ...[Tool.main, ...Tool.all, Tool.byName.get("c")!].map((one) => ({ ...one })),
      ...[Object.isFrozen(Tool.all[1]), (Tool.main as any)[Symbol.for("test.own")]],
      ...[Tool.main.up(), Tool.main.made.getTime()],
    ];
    Tool.main.n = 5;
    delete Tool.main.gone;
    Tool.main.made.setTime(7);
    Object.assign(Tool.main, { extra: "e", [Symbol.for("test.own")]: 3 });
    Tool.all[0]!.up();
    Object.freeze(Tool.all[1]);
    Object.defineProperty(Tool.byName.get("c"), "n", { value: 9, writable: false });
    const there = await tun.call(look);
    assertEquals(there, look());
    assertEquals(await tun.call(() => Holder.first.weight + Holder.first.size), 3);
    const readHidden = () => ({ ...Hidden.one });
    assertEquals(await tun.call(readHidden), { own: 1 });
    Hidden.one.extra = 1;
    await assertRejects(() => tun.call(readHidden), TypeError, "#one is a Hidden");
    Object.setPrototypeOf(Tool.main, Object.create(Tool.prototype));
    await assertRejects(() => tun.call(look), TypeError, "property main is a Tool");
  },

  async "lists of static fields that became longer or shorter are refused"(tun) {
    class Item {
      static readonly first = new Item();
      readonly words = ["a"];
    }
    Item.first.words.pop();
    await assertRejects(() => tun.call(() => Item.first.words), TypeError, "first is an Item");
    class Token {
      static readonly targets = new Map<string, EventTarget>();
      static readonly all = [new Token(), new Token()];
      readonly url = new URL("http://host/");
      readonly bytes = new Uint8Array(2);
    }
    const lookAt = () => {
      const { url, bytes } = Token.all[0]!;
      return [Token.all.length, Token.targets.size, url.href, [...bytes]];
    };
    Token.all[0]!.url.pathname = "/x";
    Token.all[0]!.bytes[1] = 3;
    assertEquals(await tun.call(lookAt), [2, 0, "http://host/x", [0, 3]]);
    Token.targets.set("a", new EventTarget());
    await assertRejects(() => tun.call(lookAt), RemoteError, "targets anew: its size is 1 at the");
    Token.targets.clear();
    const last = Token.all.pop()!;
    await assertRejects(() => tun.call(lookAt), RemoteError, "all anew: its size is 1 at the");
    Token.all.push(last);
    assertEquals(await tun.call(lookAt), [2, 0, "http://host/x", [0, 3]]);
  },

  async "what is of the runtime in static fields is refused if it has changed"(tun) {
    class Bus extends EventEmitter {}
    class Target extends EventTarget {}
    class Kept {
      static emitter = new EventEmitter();
      static bus = new Bus();
      static target = new Target();
      static controller = new AbortController();
      static form = new FormData();
      static weak = new WeakMap<object, number>();
      static readonly key = {};
    }
    const { signal } = Kept.controller;
    const look = () => [
      ...[Kept.emitter.listenerCount("x"), Kept.bus.listenerCount("x"), Kept.weak.has(Kept.key)],
      ...[Kept.controller.signal.aborted, [...Kept.form].length],
    ];
    assertEquals(await tun.call(look), [0, 0, false, false, 0]);
    const refused = async (change: () => void, text: string, undo: () => void) => {
      change();
      await assertRejects(() => tun.call(look), TypeError, text);
      undo();
      assertEquals(await tun.call(look), [0, 0, false, false, 0]);
    };
    const listener = () => {};
    for (const name of ["emitter", "bus"] as const) {
      const on = () => Kept[name].on("x", listener), off = () => Kept[name].off("x", listener);
      await refused(on, `property ${name} is a`, off);
    }
    const named = () => Object.assign(Kept.emitter, { own: 1 });
    await refused(named, "emitter is an", () => Reflect.deleteProperty(Kept.emitter, "own"));
    for (const one of [Kept.target, signal]) {
      const name = one === signal ? "controller" : "target";
      const on = () => one.addEventListener("x", listener);
      await refused(on, `${name} is a`, () => one.removeEventListener("x", listener));
    }
    const fill = () => Kept.form.set("a", "b");
    await refused(fill, "form is a FormData", () => Kept.form.delete("a"));
    Kept.weak.set(Kept.key, 1);
    assertEquals(await tun.call(look), [0, 0, true, false, 0], "a field's own WeakMap is sent");
    Kept.weak.delete(Kept.key);
    assertEquals(await tun.call(look), [0, 0, false, false, 0]);
    class Holder {
      static readonly one = new Holder();
      readonly weak = new WeakMap<object, number>();
    }
    const hold = () => Holder.one.weak.has(Kept.key);
    assertEquals(await tun.call(hold), false);
    Holder.one.weak.set(Kept.key, 1);
    await assertRejects(() => tun.call(hold), TypeError, "property one is a Holder");
    const both = () => [signal.aborted, Kept.controller.signal === signal];
    await assertRejects(() => tun.call(both), TypeError, "its signal goes along beside it");
    Kept.controller.abort();
    await assertRejects(() => tun.call(look), TypeError, "controller is an AbortController");
  },

  async "instances of static fields whose own fields use other classes and functions"(tun) {
    const makeInner = () => new Inner();
    class Inner {
      readonly depth = 1;
      back(): unknown {
        return Outer.one;
      }
    }
    class Outer {
      static readonly one = new Outer();
      static readonly other: Outer = new this();
      readonly made = makeInner();
      readonly #inner = new Inner();
      read(): unknown[] {
        return [this.made.depth, this.#inner.back() === this, known.Outer === Outer];
      }
    }
    // The class is in it, so it has to come later.
    const known = { Outer };
    const look = () => [Outer.one.read(), Outer.other.read(), Outer.one.made instanceof Inner];
    assertEquals(await tun.call(look), look());
  },

  async "static properties that got an instance later are refused"(tun) {
    class Lone {
      static one: Lone | null = null;
      static get(): Lone {
        return Lone.one ??= new Lone();
      }
      n = 1;
    }
    class Listed {
      static all: Listed[] = [];
      static byName = new Map<string, Listed>();
      static none: Listed | undefined = undefined;
    }
    class Given {
      static first = new Given();
    }
    class Kind {
      static all: Kind[] = [];
      static A: Kind = new Kind("a");
      static B: Kind = new Kind("b");
      readonly name: string;
      constructor(name: string) {
        this.name = name;
        Kind.all.push(this);
      }
    }
    // Nothing is there yet.
    assertEquals(await tun.call(() => [Lone.get().n, Listed.all.length]), [1, 0]);
    assertEquals(await tun.call(() => Kind.all.map(({ name }) => name)), ["a", "b"]);
    assertEquals(await tun.call(() => Kind.all[1] === Kind.B), true);
    Lone.get().n++;
    await assertRejects(() => tun.call(() => Lone.get().n), TypeError, "property one is a Lone");
    const refused = "is a Listed, which has no copy";
    Listed.none = new Listed();
    await assertRejects(() => tun.call(() => Listed.none), TypeError, `property none ${refused}`);
    Listed.none = undefined;
    Listed.byName.set("a", new Listed());
    await assertRejects(() => tun.call(() => Listed.all), TypeError, `.get("a") ${refused}`);
    Object.assign(Given, { second: new Given() });
    await assertRejects(() => tun.call(() => Given.first), TypeError, "property second is a Given");
  },
  async "what making instances anew does to other values was done already"(tun) {
    const list = [3, 1], order: unknown[] = [], totals = { sum: 0, byName: { a: 0 } };
    const counts = new Map([["a", 0]]), names = new Set<string>(), next = new Uint32Array(1);
    const date = new Date(0), url = new URL("http://here/?n=0"), headers = new Headers();
    const failure: any = Object.assign(new Error("x"), { n: 0 });
    class Ids {
      static list: number[] = [];
      static next(): number {
        return Ids.list.push(1);
      }
    }
    class Parent {
      static made = [] as number[];
      id = Parent.made.push(1);
    }
    class Kind extends Parent {
      static A: Kind = new Kind("a");
      static B: Kind = new Kind("b");
      readonly number = next[0]!++;
      readonly other = Ids.next();
      readonly name: string;
      constructor(name: string) {
        super();
        this.name = name;
        list.sort().push(name.length);
        order.push(() => order.length);
        totals.sum++;
        totals.byName.a++;
        counts.set(name, 1 + (counts.get(name) ?? 0));
        names.add(name);
        date.setTime(date.getTime() + 5);
        url.searchParams.append("k", name);
        headers.append("k", name);
        failure.n++;
      }
    }
    const state = (): unknown => [
      ...[list, order.length, totals, [...counts], [...names], next[0], date.getTime(), url.href],
      ...[headers.get("k"), failure.n, Ids.list.length, Parent.made.length],
      ...[Kind.A, Kind.B].map(({ id, number, other, name }) => [id, number, other, name]),
    ];
    const here = state();
    assertEquals(await tun.call(state), here);
    assertEquals(await tun.call((given: unknown) => given === list && state(), list), here);
    const more = (): unknown => [new Kind("c").number, state()];
    assertEquals(await tun.call(more), more());
  },
};

if (import.meta.main) await runCases(cases);
