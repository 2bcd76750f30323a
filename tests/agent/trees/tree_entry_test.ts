import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { type Entry, EntryChecker, EntryType } from "../../../agent/trees/tree_entry.ts";

const { FOLDER, FILE, LINK } = EntryType;
const ROOT: Entry = ["", FOLDER, 0o755, 0, 0];

/** A checker that knows the root, the folders `a` and `a/b`, and the file `f`. */
function checker(): EntryChecker {
  const checker = new EntryChecker();
  const names = ["a", "a/b"].map((path): Entry => [path, FOLDER, 0o755, 0, 0]);
  for (const entry of [ROOT, ...names, ["f", FILE, 0o644, 0, 0]]) checker.check(entry);
  return checker;
}

Deno.test("EntryChecker.check() passes on what is an entry", () => {
  const entries: Entry[] = [
    ["x", FILE, 0, -8.64e15, Number.MAX_SAFE_INTEGER],
    ["a/x", FILE, 0o7777, 8.64e15, 0, "0123"],
    ["a/b/x", FOLDER, 0o1777, 0, 4096],
    ["l", LINK, 0o777, 0, 0, "/../../etc"],
    ...["...", "..x", " ", "\n", "\\", "🥢", "\ufffd", "__proto__", "constructor", ".chopsticks-"]
      .map((name): Entry => [`a/${name}`, FILE, 0, 0, 0]),
  ];
  const checking = checker();
  for (const entry of entries) assertEquals(checking.check(entry), entry);
  assert(checking.has("a/__proto__") && checking.has(""));
  assert(!checking.has("__proto__") && !checking.has("/x") && !checking.has("."));
});

Deno.test("EntryChecker.check() makes entries anew, without what does not belong there", () => {
  const surplus = [new Uint8Array(1_000_000), {}];
  const checking = checker();
  const cases: [entry: Entry, detail: unknown][] = [
    [["x", FILE, 0, 0, 0], undefined],
    [["y", FILE, 0, 0, 0, "0123"], "0123"],
    [["z", FOLDER, 0, 0, 0], new Uint8Array(1_000_000)],
    [["l", LINK, 0, 0, 0, "x"], "x"],
  ];
  for (const [entry, detail] of cases) {
    const given = [...entry.slice(0, 5), detail, ...surplus];
    const made = checking.check(Object.assign(given, { more: surplus }));
    assertEquals([made, Object.keys(made).length], [entry, entry.length]);
  }
});

Deno.test("EntryChecker.check() refuses what is not a path, or leads elsewhere", () => {
  const paths: unknown[] = [
    ...[
      "",
      ".",
      "..",
      "/",
      "//",
      "/x",
      "//x",
      "a/",
      "a//x",
      "a/.",
      "a/..",
      "a/../x",
      "./x",
      "../x",
    ],
    ...[
      "f/x",
      "f",
      "a",
      "b/x",
      "__proto__/x",
      "constructor/x",
      "x\0",
      "a/\0",
      "\ud800",
      "a/\udc00",
    ],
    ...[
      "\udc00\ud800",
      ".chopsticks-01234567-1-0123456789abcdef",
      0,
      null,
      undefined,
      {},
      ["x"],
      1n,
    ],
  ];
  for (const path of paths) {
    for (const [type, detail] of [[FILE], [FOLDER], [LINK, "x"]] as const) {
      const error = assertThrows(
        () => checker().check([path, type, 0o644, 0, 0, detail]),
        TypeError,
      );
      assertMatch(error.message, /^[ -~]+ is not a valid entry in the folder$/);
    }
  }
});

Deno.test("EntryChecker.check() refuses what a file cannot have", () => {
  const numbers = [-1, 1.5, NaN, Infinity, 2 ** 53, "0", null, undefined, 1n, [1], {}];
  const entries = [
    ...[null, undefined, 0, "x", {}, [], ["x"], { length: 5 }],
    ...[...numbers, 3].map((type) => ["x", type, 0, 0, 0]),
    ...[...numbers, 0o10000].map((mode) => ["x", FILE, mode, 0, 0]),
    ...[...numbers.slice(1), 8.64e15 + 1, -8.64e15 - 1].map((time) => ["x", FILE, 0, time, 0]),
    ...numbers.map((size) => ["x", FILE, 0, 0, size]),
    ...[undefined, null, "", 1, "x\0", "\ud800", ["x"]].map((to) => ["x", LINK, 0, 0, 0, to]),
    ...[null, 1, ["x"], {}].map((sha1sum) => ["x", FILE, 0, 0, 0, sha1sum]),
  ];
  for (const entry of entries) {
    assertThrows(() => checker().check(entry), TypeError, undefined, Deno.inspect(entry));
  }
});

Deno.test("EntryChecker.check() wants the root first, and once", () => {
  assertThrows(() => new EntryChecker().check(["x", FILE, 0, 0, 0]), TypeError);
  assertThrows(() => new EntryChecker().check(["", FILE, 0, 0, 0]), TypeError);
  assertThrows(() => new EntryChecker().check(["", LINK, 0, 0, 0, "x"]), TypeError);
  assertThrows(() => checker().check(ROOT), TypeError);
});

Deno.test("EntryChecker.check() keeps no more text than the memory can hold", () => {
  const checking = checker();
  // All targets are one string, which takes its memory once.
  const target = "x".repeat(64 * 1024 ** 2);
  const count = (): number => {
    for (let i = 0;; i++) {
      try {
        checking.check([`l${i}`, LINK, 0, 0, 0, target]);
      } catch {
        return i;
      }
    }
  };
  assertEquals(count(), 7);
});
