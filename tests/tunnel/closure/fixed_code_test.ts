import { assertEquals, assertRejects } from "@std/assert";
import { Session } from "node:inspector";
import { Local } from "../../../mod.ts";

const DENO = { runtime: "deno", deno: Deno.execPath() } as const;

// deno-lint-ignore no-explicit-any
type Anything = any;
const globals = globalThis as unknown as Record<string, unknown>;

/** How often V8's inspector is connected to during some work. */
async function connections(work: () => Promise<unknown>): Promise<number> {
  const { connect } = Session.prototype;
  let count = 0;
  Session.prototype.connect = function (this: Session): void {
    count++;
    connect.call(this);
  };
  try {
    await work();
  } finally {
    Session.prototype.connect = connect;
  }
  return count;
}

/** What V8's inspector is asked during some work. */
async function asked(work: () => Promise<unknown>): Promise<string[]> {
  const { post } = Session.prototype;
  const questions: string[] = [];
  Session.prototype.post = function (this: Session, method: string, ...rest: Anything[]): void {
    questions.push(method);
    (post as Anything).call(this, method, ...rest);
  } as Anything;
  try {
    await work();
  } finally {
    Session.prototype.post = post;
  }
  return questions;
}

Deno.test("call() asks V8 once about a function that sees no variable", async () => {
  await using one = new Local("one", DENO);
  await using other = new Local("other", DENO);
  const add = (a: number, b: number): number => a + Math.max(b, 1);
  const named = function (a: number): number {
    return -a;
  };
  assertEquals(await one.call(add, 1, 2), 3);
  assertEquals(await one.call(named, 1), -1);
  const count = await connections(async () => {
    assertEquals(await one.call(add, 2, 3), 5);
    assertEquals(await other.call(add, 3, 0), 4);
    assertEquals(await one.call(named, 2), -2);
  });
  assertEquals(count, 0);
  // Arguments are looked at as ever.
  assertEquals(await one.call(add as Anything, { valueOf: () => 4 }, 5), 9);
});

Deno.test("call() asks V8 for no more than the place of a function that is made again", async () => {
  await using tun = new Local("local", DENO);
  const places = new Set<unknown>();
  for (let i = 0; i < 3; i++) {
    const questions = await asked(async () => {
      assertEquals(await tun.call((n: number) => n + 1, i), i + 1);
      places.add(await tun.call(() => new Error("here").stack!.split("\n")[1]!.trim()));
      // The same text elsewhere is another function.
      places.add(await tun.call(() => new Error("here").stack!.split("\n")[1]!.trim()));
    });
    if (i > 0) {
      assertEquals(
        questions,
        new Array(3).fill(["Runtime.evaluate", "Runtime.getProperties"]).flat(),
      );
    }
  }
  assertEquals(places.size, 2);
  const counters = Array.from({ length: 3 }, (_, i) => () => i);
  for (const [i, counter] of counters.entries()) assertEquals(await tun.call(counter), i);
});

Deno.test("call() reads the variables of a function again each time", async () => {
  await using tun = new Local("local", DENO);
  let n = 1;
  const get = (): number => n;
  for (n = 1; n < 4; n++) assertEquals(await tun.call(get), n);
});

Deno.test("call() sends the properties that a function has got since its last call", async () => {
  await using tun = new Local("local", DENO);
  const twice = (n: number): number => 2 * n;
  await tun.call(twice, 1);
  const before = await connections(() => tun.call(twice, 1));
  assertEquals(before, 0);
  for (
    const change of [
      () => Object.assign(twice, { unit: "m" }),
      () => Object.defineProperty(twice, "name", { value: "double" }),
      () => Object.setPrototypeOf(twice, Object.create(Function.prototype)),
      () => Object.freeze(twice),
    ]
  ) {
    change();
    assertEquals(await connections(() => tun.call(twice, 1)) > 0, true, String(change));
  }
  const old = function (this: unknown): number {
    return 1;
  };
  await tun.call(old);
  old.prototype.added = 1;
  assertEquals(await connections(() => tun.call(old)) > 0, true);
});

Deno.test("call() does not take what comes right after a call for a part of it", async () => {
  await using tun = new Local("local", DENO);
  await tun.connect();
  const show: Anything = (n: number) => n;
  const before = tun.call(show, 1);
  show.unit = "m";
  await before;
  assertEquals(await connections(() => tun.call(show, 2)) > 0, true);
  delete show.unit;
  assertEquals(await connections(() => tun.call(show, 3)), 0);
});

Deno.test("call() notices a global that the script has made since the last call", async () => {
  await using tun = new Local("local", DENO);
  const read = (): unknown => typeof fixedCodeTest === "undefined" ? "none" : fixedCodeTest;
  assertEquals(await tun.call(read), "none");
  globals.fixedCodeTest = "made";
  try {
    assertEquals(await tun.call(read), "made");
  } finally {
    delete globals.fixedCodeTest;
  }
  assertEquals(await tun.call(read), "none");
});

Deno.test("call() refuses a function that uses what was added since its last call", async () => {
  await using tun = new Local("local", DENO);
  const read = (): unknown => (Array as Anything).fixedCodeTest ?? "none";
  assertEquals(await tun.call(read), "none");
  (Array as Anything).fixedCodeTest = "added";
  try {
    await assertRejects(() => tun.call(read), TypeError, "which this script has added to Array");
  } finally {
    delete (Array as Anything).fixedCodeTest;
  }
});

declare const fixedCodeTest: unknown;
