import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
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
    const [scope] = scopesAround(up, [["n"]]) ?? [];
    assert(scope !== undefined);
    assertStrictEquals(scopesAround(read, [["n"]])?.[0], scope);
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
  const scopes = [...a, ...b].map((fn) => scopesAround(fn, [["context", "previous"]])?.[0]);
  assert(scopes.every((scope) => scope !== undefined));
  assertStrictEquals(scopes[0], scopes[1]);
  assertStrictEquals(scopes[2], scopes[3]);
  assertNotStrictEquals(scopes[0], scopes[2]);
});

Deno.test("scopesAround() skips what the inspector does not list", async () => {
  const make = (): Record<string, () => unknown> => {
    let n = 0;
    class Kind {
      #own(): number {
        return n;
      }
      method(): number {
        return this.#own();
      }
    }
    const named = function self(): (() => unknown)[] {
      return [() => [self, n]];
    };
    const { method } = Kind.prototype;
    return { up: () => ++n, method, nested: named()[0]! };
  };
  const [a, b] = [make(), make()];
  const fns = [a, b].map(Object.values<() => unknown>);
  await learnScopes(fns.flat());
  const scopes = fns.map((all) => new Set(all.map((fn) => scopesAround(fn, [["n"]])?.[0])));
  assertEquals(scopes.map(({ size }) => size), [1, 1]);
  assert(scopes.every((all) => !all.has(undefined)));
  assertNotStrictEquals([...scopes[0]!][0], [...scopes[1]!][0]);
});

Deno.test("learnScopes() knows scopes with many variables", async () => {
  const names = Array.from({ length: 200 }, (_, i) => `v${i}`);
  const [up, read, other] = new Function(`
    const make = () => {
      let ${names.join(" = 0, ")} = 0;
      return [() => [${names.map((name) => `++${name}`)}], () => [${names}]];
    };
    return [...make(), make()[1]];
  `)();
  await learnScopes([up, read, other]);
  const [a, b, c] = [up, read, other].map((fn) => scopesAround(fn, [names])?.[0]);
  assert(a !== undefined && c !== undefined);
  assertStrictEquals(a, b);
  assertNotStrictEquals(a, c);
});
