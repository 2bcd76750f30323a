import { assert, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { learnScopes, scopesAround } from "../../../tunnel/closure/scope_identity.ts";

function makeCounter(): { up: () => number; read: () => number } {
  let n = 0;
  return { up: () => ++n, read: () => n };
}

Deno.test("learnScopes() tells the scopes of several lists of functions at once", async () => {
  const [a, b, c] = [makeCounter(), makeCounter(), makeCounter()];
  // Each list has its functions in another order.
  await Promise.all([
    learnScopes([a.up, b.up, a.read]),
    learnScopes([b.read, c.read]),
    learnScopes([c.up, a.up, b.up, c.read]),
  ]);
  const scopes = [a, b, c].map(({ up, read }) => {
    const [scope] = scopesAround(up) ?? [];
    assert(scope !== undefined);
    assertStrictEquals(scopesAround(read)?.[0], scope);
    return scope;
  });
  assertNotStrictEquals(scopes[0], scopes[1]);
  assertNotStrictEquals(scopes[1], scopes[2]);
});

Deno.test("learnScopes() is not misled by names that V8 uses, too", async () => {
  const make = (): (() => unknown)[] => {
    let [context, previous] = [{}, {}];
    return [() => (context = previous), () => (previous = context)];
  };
  const [a, b] = [make(), make()];
  for (const fn of [...a, ...b]) Object.assign(fn, { context: {}, previous: {} });
  await learnScopes([...a, ...b]);
  const scopes = [...a, ...b].map((fn) => scopesAround(fn)?.[0]);
  assert(scopes.every((scope) => scope !== undefined));
  assertStrictEquals(scopes[0], scopes[1]);
  assertStrictEquals(scopes[2], scopes[3]);
  assertNotStrictEquals(scopes[0], scopes[2]);
});
