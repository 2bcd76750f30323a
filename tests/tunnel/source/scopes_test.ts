import { assert, assertEquals } from "@std/assert";
import { isConstant, nodesAround, sourceScopes } from "../../../tunnel/source/scopes.ts";

const SOURCE = `const c = 1;
function make(a, { b }) {
  let n = 0;
  { const own = {}; return () => n + own; }
}`;
const OFFSET = SOURCE.indexOf("()");

Deno.test("sourceScopes() gives the scopes around a position, from the inside out", () => {
  const scopes = sourceScopes(SOURCE, OFFSET);
  assertEquals(scopes.map(({ names }) => [...names]), [["own"], ["n"], ["a", "b"]]);
  assertEquals(scopes.map(({ fresh }) => [...fresh]), [["own"], [], []]);
  assert(scopes.every(({ isOnce }) => !isOnce));
});

Deno.test("isConstant() tells constants from other variables", () => {
  const names = ["own", "n", "b", "c", "none"];
  const constants = (offset: number) => names.filter((name) => isConstant(SOURCE, offset, name));
  assertEquals(constants(OFFSET), ["own", "c"]);
  assertEquals(constants(OFFSET), ["own", "c"]);
  assertEquals(constants(0), []);
});

Deno.test("sourceScopes() and nodesAround() look at each position once", () => {
  assert(sourceScopes(SOURCE, OFFSET) === sourceScopes(SOURCE, OFFSET));
  assert(nodesAround(SOURCE, OFFSET) === nodesAround(SOURCE, OFFSET));
  assert(nodesAround(SOURCE, OFFSET) !== nodesAround(SOURCE, 0));
});
