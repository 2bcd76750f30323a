/**
 * Objects that are unlike what their kind usually is: arrays with read-only elements, errors of own
 * classes, built-ins that were extended. The test imports this file; run as a script it does the
 * same with what is in an entry script.
 *
 * @module
 */
// deno-lint-ignore-file no-explicit-any -- what is odd has no type
import { assertEquals, assertRejects } from "@std/assert";
import { ImportedError, isImported } from "../fixture/own_error.ts";
import { loud } from "../fixture/patching.ts";
import { type Cases, runCases } from "./_run_cases.ts";

/** The name of the error that a change throws; `undefined` if it can be made. */
function failureOf(change: () => void): string | undefined {
  try {
    change();
  } catch (error) {
    return (error as Error).name;
  }
  return undefined;
}

let turns = 0;
/** Functions that see nothing but the variables of this module. */
const turn = (): number => turns;
const other = (): number => 10 * turns;

/** Gives a function, which gives something that JSON has. */
const makers: Readonly<Record<string, () => () => unknown>> = {
  "an array with a read-only element"() {
    const array: any = [{ n: 1 }, 2, , 4];
    array.name = "n";
    Object.defineProperty(array, 1, { writable: false });
    Object.defineProperty(array, "hidden", { value: 5 });
    const [first] = array;
    return () => {
      first.n++;
      const failure = failureOf(() => array[1] = 5);
      return [array, failure, array[0] === first, 2 in array, array.name, array.hidden];
    };
  },
  "an array whose element is an accessor, and one that is not enumerable"() {
    let n = 0;
    const array: any = [1, 2, 3];
    Object.defineProperty(array, 1, { get: () => ++n });
    Object.defineProperty(array, 2, { enumerable: false });
    return () => [array[1], array[1], array[2], Object.keys(array), n];
  },
  "an array of which nothing can be deleted, and one that cannot grow"() {
    const kept: any = Object.defineProperty([1, 2], 1, { configurable: false });
    const fixed: any = Object.defineProperty([1, 2], "length", { writable: false });
    const own: any = [];
    Object.defineProperty(own, 0, { value: own, writable: false, enumerable: true });
    return () => [
      ...[failureOf(() => delete kept[1]), failureOf(() => fixed.push(3)), fixed],
      own[0] === own,
    ];
  },
  "arrays that are frozen or sealed"() {
    const frozen = Object.freeze([1, [2]]), sealed = Object.seal([1, { a: 1 }]);
    return () => [Object.isFrozen(frozen), Object.isSealed(sealed), Object.isFrozen(sealed)];
  },
  "a function whose prototype is read-only"() {
    function Made(this: any): void {}
    Made.prototype.m = () => 1;
    Object.defineProperty(Made, "prototype", { writable: false });
    function Free(): void {}
    return () => {
      const { writable } = Object.getOwnPropertyDescriptor(Made, "prototype")!;
      const free = Object.getOwnPropertyDescriptor(Free, "prototype")!.writable;
      return [writable, free, new (Made as any)().m(), Made.prototype.constructor === Made];
    };
  },
  "errors of classes that go along"() {
    class Base extends TypeError {
      base = 1;
      hello(): string {
        return `hello ${this.message}`;
      }
    }
    class Sub extends Base {
      sub = 2;
      get label(): string {
        return `C${this.sub}`;
      }
    }
    const error = new Sub("m"), other = new Error("outer", { cause: error });
    const list = [new Base("in a list")];
    return () => [
      ...[error instanceof Sub, error instanceof Base, error instanceof TypeError],
      ...[error.base, error.sub, error.label, error.hello(), error.name, `${error}`],
      ...[other.cause === error, list[0] instanceof Sub, list[0]!.hello(), Object.keys(error)],
    ];
  },
  "an error of which only the parent of its class goes along"() {
    class Base extends Error {}
    const error = new (class Sub extends Base {})("m");
    return () => [error instanceof Base, error.message, error.constructor.name];
  },
  "an error of a class as they were made before `class`"() {
    function Old(this: any, message: string): void {
      this.message = message;
    }
    Old.prototype = Object.create(Error.prototype);
    Old.prototype.constructor = Old;
    Old.prototype.double = function () {
      return this.message + this.message;
    };
    const error = new (Old as any)("m");
    return () => [error instanceof Old, error instanceof Error, error.double()];
  },
  "an error of a class that is imported"() {
    const error = new ImportedError("m");
    return () => [error instanceof ImportedError, error.double(), isImported(error)];
  },
  "what a module that the function imports adds to a built-in"() {
    return () => (loud as any).testLoud;
  },
};

export const cases: Cases = {
  ...Object.fromEntries(
    Object.entries(makers).map(([name, make]): [string, Cases[string]] => [
      name,
      async (tun) => assertEquals(await tun.call(make()), make()()),
    ]),
  ),

  async "functions that see only their module, with its variables as they are at each call"(tun) {
    for (turns = 1; turns <= 3; turns++) {
      const all = tun.call(() => [turn(), other(), [turn, other].length]);
      const lone = tun.call(turn);
      turns += 100;
      assertEquals(await all, [turns - 100, 10 * (turns - 100), 2]);
      assertEquals(await lone, turns - 100);
      turns -= 100;
    }
    class Made {
      static #count = 1;
      static add = (): number => ++Made.#count;
    }
    for (let i = 2; i < 4; i++) {
      assertEquals(Made.add(), i);
      assertEquals(await tun.call(() => Made.add()), i + 1);
    }
  },

  async "an error for a function of the module of its class"(tun) {
    assertEquals(await tun.call(isImported, new ImportedError("m")), true);
    assertEquals(await tun.call(isImported, new Error("m")), false);
  },

  async "an error of a class that does not go along"(tun) {
    class Own extends RangeError {
      code = 5;
    }
    const error = new Own("m");
    const found = await tun.call(() => [error instanceof RangeError, error.code, error.message]);
    assertEquals(found, [true, 5, "m"]);
  },

  async "a URL and its searchParams beside it are refused"(tun) {
    const url = new URL("http://host/?a=1"), { searchParams } = url;
    await assertRejects(
      () => tun.call(() => (searchParams.set("a", "2"), url.href)),
      TypeError,
      "along beside it; take them from the URL in the function",
    );
    const other = new URLSearchParams("b=2");
    assertEquals(await tun.call(() => `${url} ${other}`), "http://host/?a=1 b=2");
    assertEquals(await tun.call(() => `${searchParams}`), "a=1");
  },

  async "bytes that were transferred are refused"(tun) {
    const { buffer } = new Uint8Array(4);
    const values = [new Uint8Array(buffer), new DataView(buffer), buffer];
    structuredClone(buffer, { transfer: [buffer] });
    const reason = "has no bytes: its buffer was transferred";
    for (const value of values) {
      const text = `variable value ${reason}; send it before that, or send a copy`;
      await assertRejects(() => tun.call(() => value), TypeError, text);
      const given = `arguments[0][0]: it ${reason}`;
      await assertRejects(() => tun.call((given) => given, [value]), TypeError, given);
    }
    assertEquals(await tun.call((bytes) => bytes.length, new Uint8Array(0)), 0);
  },

  async "what the script has added to built-ins, but methods, is refused"(tun) {
    const define = (owner: object, key: string, descriptor: PropertyDescriptor): () => void => {
      Object.defineProperty(owner, key, { ...descriptor, configurable: true });
      return () => void Reflect.deleteProperty(owner, key);
    };
    const undo = [
      define(Array.prototype, "testLast", { get: () => 1 }),
      define(String.prototype, "testValue", { value: 2 }),
      define(Math, "TEST_TAU", { value: 6.28, enumerable: true }),
      define(globalThis, "testGlobal", { get: () => 3 }),
    ];
    try {
      const uses: Record<string, () => unknown> = {
        "it uses .testLast, which this script has added to Array.prototype": () =>
          ([] as any).testLast,
        "it uses .testValue, which this script has added to String.prototype": () =>
          ("" as any)["testValue"],
        "it uses .TEST_TAU, which this script has added to Math": () => (Math as any).TEST_TAU,
        "it uses globalThis.testGlobal, which this script has set": () =>
          (globalThis as any).testGlobal,
      };
      for (const [text, fn] of Object.entries(uses)) {
        await assertRejects(() => tun.call(fn), TypeError, text);
      }
      // A module adds it, which is not loaded there.
      await assertRejects(() => tun.call(() => ("a" as any).testLoud), TypeError, ".testLoud");
      assertEquals(await tun.call(() => ({ testLastly: 1 }).testLastly), 1);
    } finally {
      for (const one of undo) one();
    }
  },
};

if (import.meta.main) await runCases(cases);
