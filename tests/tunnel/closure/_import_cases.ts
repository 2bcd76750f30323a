/**
 * Objects that a module has made, and that functions import, among the values of a call. The test
 * imports this file; run as a script it does the same with what is in an entry script.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { isChanged, rankOf } from "../fixture/ranks.ts";
import * as changing from "../fixture/changing.ts";
import { change, current, isCurrent } from "../fixture/changing.ts";
import counted, { api, later, reader, register, Service, total } from "../fixture/counted.ts";
import commonJs, { Counter as CommonCounter } from "../fixture/counted.cjs";
import * as all from "../fixture/levels.ts";
import {
  actions,
  deep,
  giveOwn,
  isOwn,
  levels,
  lookUp,
  none,
  ring,
  twice,
} from "../fixture/levels.ts";
import { paint } from "../fixture/symbols.ts";
import { type Cases, runCases } from "./_run_cases.ts";

export const cases: Cases = {
  async "objects of a module are the module's own"(tun) {
    const table = new Map<unknown, string>([[levels.low, "low"], [none, "none"]]);
    const list = [levels.high, levels.low.names, levels];
    const read = (given: unknown, names: unknown): unknown => [
      given === levels.high,
      names === levels.low.names,
      table.get(levels.low),
      table.get(none),
      list.indexOf(levels.high),
      (list[2] as typeof levels).low === levels.low,
      list.map(isOwn),
      Object.isFrozen(list[0]),
      Object.isFrozen(list[1]),
    ];
    const expected = read(levels.high, levels.low.names);
    for (let i = 0; i < 2; i++) {
      assertEquals(await tun.call(read, levels.high, levels.low.names), expected);
    }
    const byNamespace = (given: unknown): boolean => given === all.levels.low;
    assertEquals(await tun.call(byNamespace, levels.low), true, "of a namespace");
    const tools = { actions };
    const withFunctions = (): unknown => [tools.actions === actions, tools.actions.show()];
    assertEquals(await tun.call(withFunctions), withFunctions(), "with functions");
  },
  async "functions that hang deep in what a module exports are the module's own"(tun) {
    const { users, hooks: [hook] } = api, { add: method } = Service.prototype;
    const { Counter } = users, { add: ofCounter } = Counter.prototype;
    const found = await tun.call(() => {
      const before = total();
      const fns: unknown[] = [users.add, hook!.run, counted.nested.add, method, Counter.add];
      for (const one of fns as (() => number)[]) one();
      ofCounter.call(new Counter());
      return [
        ...[total() - before, users.list() - before, users === api.users],
        ...[method === Service.prototype.add, Service.tools.add === users.add],
      ];
    });
    assertEquals(found, [6, 6, true, true, true]);
  },
  async "functions that hang deep in what a CommonJS module exports are its own, too"(tun) {
    const { add, list } = commonJs.api.users, { add: method } = CommonCounter.prototype;
    const found = await tun.call(() => {
      const before = commonJs.total();
      for (const one of [add, method]) one();
      return [commonJs.total() - before, list() - before, method === CommonCounter.prototype.add];
    });
    assertEquals(found, [2, 2, true]);
  },
  async "a copy of a variable beside the module's own, which changes, is refused"(tun) {
    const read = reader(), { add } = api.users;
    await assertRejects(
      () => tun.call(() => [add(), read()]),
      TypeError,
      "it uses read: it has a copy of variable count there, beside add, which has the one of the " +
        "module, and one of them changes it; make it inside the function",
    );
    assertEquals(await tun.call(() => read()), 0);
    assertEquals(await tun.call(() => [read(), total() >= 0]), [0, true]);
  },
  async "a function that a module has put deep into its exports later"(tun) {
    register("first");
    const { run } = later["first"]!;
    assertEquals(await tun.call(() => [run!(), run!(), later["first"]!.run]), [1, 2, undefined]);
  },
  async "objects of a module whose functions go by reference"(tun) {
    const { low, high } = levels;
    for (let i = 0; i < 2; i++) {
      assertEquals(await tun.call(isOwn, high), true, "of the called function");
      assertEquals(await tun.call(isOwn, { rank: 2 }), false, "one that is equal");
      assertEquals(await tun.call((given) => [isOwn(given), isOwn(high)], low), [true, true]);
      assertEquals(await tun.call((fn, given) => fn(given), isOwn, none), true, "argument");
    }
  },
  async "objects that the module of a function by reference imports"(tun) {
    const { low, changed } = levels;
    for (let i = 0; i < 2; i++) {
      assertEquals([await tun.call(rankOf, low), await tun.call(rankOf, { ...low })], [1, -1]);
      assertEquals(await tun.call((given) => [rankOf(low), rankOf(given)], changed), [1, 3]);
      assertEquals(await tun.call(isChanged, changed), true, "of a namespace");
    }
  },
  async "an object of a module that was changed here is a copy"(tun) {
    levels.changed.rank = 4;
    const read = (given: { rank: number }): unknown => [given.rank, given === levels.changed];
    assertEquals(await tun.call(read, levels.changed), [4, false]);
    levels.changed.rank = 3;
    assertEquals(await tun.call(read, levels.changed), [3, true]);
    const extra = Object.assign(levels.changed, { extra: { n: 1 } });
    const readExtra = (given: unknown): unknown => [given, levels.changed === given];
    assertEquals(await tun.call(readExtra, extra.extra), [{ n: 1 }, false]);
    Reflect.deleteProperty(extra, "extra");
  },
  async "an object that an exported variable has no more is a copy"(tun) {
    const old = current, other = { ...old };
    const byValue = (given: unknown): boolean => isCurrent(given);
    const ask = async (given: unknown): Promise<unknown> => [
      ...[await tun.call(isCurrent, given), await tun.call(byValue, given)],
    ];
    assertEquals(await ask(old), [true, true]);
    change(other);
    assertEquals([await ask(old), await ask(other)], [[false, false], [true, true]]);
    change(old);
    assertEquals([await ask(old), await ask(other)], [[true, true], [false, false]]);
  },
  async "a function that an exported variable has got is not the one that it had"(tun) {
    const { act, ask, hooks, other } = changing;
    if (act() === "first") assertEquals(await tun.call(act), "first");
    changing.changeAct();
    changing.changeAsk();
    assertEquals([await tun.call(changing.act), await tun.call(act)], ["second", act()]);
    assertEquals(await tun.call((now) => [now(), changing.act()], changing.act), [
      ...["second", "first"],
    ]);
    assertEquals([await tun.call(changing.ask), await tun.call(other)], ["other", "other"]);
    assertEquals(await tun.call(ask), ask());
    changing.changeHooks();
    const kept = [await tun.call(hooks.kept), await tun.call(hooks.kept)];
    assertEquals([await tun.call(hooks.log), ...kept], ["logged", "kept 1", "kept 2"]);
  },
  async "an object of a module that leads back to itself is a copy of that kind"(tun) {
    const read = (given: typeof ring): unknown => [given.self === given, ring.self === ring];
    assertEquals(await tun.call(read, ring), [true, true]);
  },
  async "an object of a module that has others twice, or very deep, or in another order"(tun) {
    const read = (given: typeof twice): unknown => [given === twice, given.first === given.usual];
    assertEquals(await tun.call(read, twice), [true, true]);
    const { first, usual } = twice;
    twice.usual = { ...first };
    assertEquals(await tun.call(read, twice), [false, false]);
    twice.usual = usual;
    const { changed } = levels;
    const keys = (given: object): unknown => [Object.keys(given), given === levels];
    Object.assign(levels, {
      changed: Reflect.deleteProperty(levels, "low") && changed,
      low: first,
    });
    assertEquals(await tun.call(keys, levels), [["high", "changed", "low"], false]);
    for (const key of ["high", "changed"] as const) {
      const level = levels[key];
      Reflect.deleteProperty(levels, key);
      levels[key] = level;
    }
    assertEquals(await tun.call(keys, levels), [["low", "high", "changed"], true]);
    const depth = (given: typeof deep): number => {
      let n = 0;
      for (let at: typeof deep | undefined = given; at; at = at.next) n++;
      return n;
    };
    assertEquals(await tun.call((given) => [depth(given), deep === given], deep), [301, false]);
  },
  async "a WeakMap whose keys only a module there has"(tun) {
    const map = new WeakMap<object, number>([[levels.low, 1]]);
    assertEquals(await tun.call(lookUp, map), [1, undefined]);
    assertEquals(await tun.call(() => lookUp(map)), [1, undefined]);
    const text = "it has a member that code there has, too, and that its module makes anew there";
    map.set(giveOwn(), 2);
    await assertRejects(() => tun.call(lookUp, map), TypeError, text);
  },
  async "functions of a module that has a symbol of its own"(tun) {
    const [red, bold, other] = [paint.red, paint.red.bold, paint.red.with("+")];
    const theme = { red, bold, other };
    assertEquals(await tun.call(() => bold("x")), "redboldx", "deep in an export");
    assertEquals(await tun.call(bold, "x"), "redboldx", "called");
    assertEquals(await tun.call(() => [bold("x"), paint.bold("y")]), ["redboldx", "boldy"], "both");
    const all = (): string[] => [theme.red("x"), theme.bold("x"), theme.other("x"), other("x")];
    assertEquals(await tun.call(all), all(), "by value");
    assertEquals(await tun.call((given) => given.other.red("x"), theme), "red+redx", "argument");
  },
};

if (import.meta.main) await runCases(cases);
