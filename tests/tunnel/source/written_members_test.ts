import { assertEquals } from "@std/assert";
import { isWrittenMember } from "../../../tunnel/source/written_members.ts";

const SOURCE = `
import { other } from "./other.js";
const add = () => 1;
function declared(a = () => 2) { return () => 3; }
export const api = {
  users: Object.freeze({ add, declared, list() { return () => 4; }, other, get size() { return 5; } }),
  list: [{ run: async (a) => 6 }, ...[() => 7]],
  "a b": { 1: function () {} },
  made: (() => ({ inner: () => 8 }))(),
  twice: { one: () => 9, one: () => 10 },
  hooks: [add, () => 11],
};
export class Made {
  constructor() {}
  m() {}
  static s() {}
  static tools = { t: () => 12, Inner: class { constructor() {} } };
  own = { o: () => 13 };
}
export default { nested: { fn: () => 14 } };
`;

/** Whether the function at the first place of `text` is a member of a variable. */
function isAt(text: string, local: string | undefined, ...keys: string[]): boolean {
  return isWrittenMember(SOURCE, { local }, keys, SOURCE.indexOf(text));
}

Deno.test("isWrittenMember() finds what a module makes when it is loaded", () => {
  assertEquals(isAt("() => 1", "api", "users", "add"), true);
  assertEquals(isAt("function declared", "api", "users", "declared"), true);
  assertEquals(isAt("() { return () => 4", "api", "users", "list"), true);
  assertEquals(isAt("function ()", "api", "a b", "1"), true);
  assertEquals(isAt("() => 1", "api", "hooks", "0"), true);
  assertEquals(isAt("() => 11", "api", "hooks", "1"), true);
  assertEquals(isAt("() => 10", "api", "twice", "one"), true);
  assertEquals(isAt("() {}\n  static", "Made", "prototype", "m"), true);
  assertEquals(isAt("() {}\n  static tools", "Made", "s"), true);
  assertEquals(isAt("() => 12", "Made", "tools", "t"), true);
  assertEquals(isAt("() {} } };", "Made", "tools", "Inner"), true);
  assertEquals(isAt("() => 14", undefined, "nested", "fn"), true);
});

Deno.test("isWrittenMember() leaves out what calls make, and what may be elsewhere", () => {
  assertEquals(isAt("() => 2", "api", "users", "declared"), false, "in parameters");
  assertEquals(isAt("() => 3", "api", "users", "declared"), false, "in a body");
  assertEquals(isAt("() => 4", "api", "users", "list"), false, "in a method");
  assertEquals(isAt("() { return 5", "api", "users", "size"), false, "an accessor");
  assertEquals(isAt("other", "api", "users", "other"), false, "imported");
  assertEquals(isAt("async (a)", "api", "list", "0", "run"), false, "beside what is spread");
  assertEquals(isAt("() => 8", "api", "made", "inner"), false, "a result");
  assertEquals(isAt("() => 9", "api", "twice", "one"), false, "replaced at once");
  assertEquals(isAt("() => 11", "api", "hooks", "0"), false, "another place");
  assertEquals(isAt("() {}\n  static", "Made", "m"), false, "not static");
  assertEquals(isAt("() {}\n  static tools", "Made", "prototype", "s"), false, "static");
  assertEquals(isAt("() => 13", "Made", "prototype", "own", "o"), false, "of instances");
  assertEquals(isAt("() => 1", "none", "x"), false, "no variable");
  assertEquals(isAt("() => 1", "api", "prototype"), false, "a prototype");
  assertEquals(isAt("() {}\n  m", "Made"), true, "a class");
  assertEquals(isAt("() {}\n  m", "Made", "prototype"), false, "the prototype of a class");
});

Deno.test("isWrittenMember() reads what CommonJS modules export", () => {
  const source = `
    const own = { f: () => 1 };
    exports.own = void 0;
    exports.own = own;
    module.exports.made = { g() {} };
    function late() { exports.late = { h: () => 2 }; }
    return;
  `;
  const isIn = (text: string, name: string, ...keys: string[]): boolean =>
    isWrittenMember(source, { commonJs: name }, keys, source.indexOf(text));
  assertEquals(isIn("() => 1", "own", "f"), true);
  assertEquals(isIn("() => 1", "default", "own", "f"), true);
  assertEquals(isIn("() {} }", "made", "g"), true);
  assertEquals(isIn("() => 2", "late", "h"), false);
  const whole = "module.exports = { own: { f: () => 1 } };";
  assertEquals(isWrittenMember(whole, { commonJs: "own" }, ["f"], whole.indexOf("()")), true);
  assertEquals(isWrittenMember("no JavaScript", { commonJs: "own" }, ["f"], 0), false);
});
