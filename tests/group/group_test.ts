import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import process from "node:process";
import { runtime } from "../../agent/facts.ts";
import {
  type BaseTunnel,
  callback,
  ConnectionError,
  Docker,
  ErrorResult,
  Group,
  type GroupOptions,
  GroupResult,
  Local,
  RemoteError,
  RuntimeNotFoundError,
  type SSHTunnel,
} from "../../mod.ts";
import { needing, service, slow } from "../services/services.ts";
import { rejectsAs, soon } from "../tunnel/_deadline.ts";
import { dead, Gate, locals, Silent } from "./_tunnels.ts";

const ADDEND = 40;

function add(n: number): number {
  return ADDEND + n;
}

/** Entries without the errors' details. */
function outline(result: Map<string, unknown>): [string, unknown][] {
  return [...result].map(([host, value]) => [
    host,
    value instanceof ErrorResult ? (value.error as Error).constructor.name : value,
  ]);
}

Deno.test("Group.call() gives every host's value, in the group's order", async () => {
  await using group = new Group(locals("c", "a", "b"));
  const result = await group.call(add, 2);
  assert(result instanceof GroupResult);
  assertEquals([...result], [["c", 42], ["a", 42], ["b", 42]]);
  const value: number | ErrorResult | undefined = result.get("a");
  assertEquals(value, 42);
  const pids = await group.call(() => process.pid);
  assertEquals(new Set([...pids.values(), process.pid]).size, 4);
});

Deno.test("a group can be used again after close(), with fresh remote state", async () => {
  await using group = new Group(locals("a", "b"));
  const count = (): number => {
    const state = globalThis as { count?: number };
    return state.count = (state.count ?? 0) + 1;
  };
  assertEquals([...await group.call(count)], [["a", 1], ["b", 1]]);
  assertEquals([...await group.call(count)], [["a", 2], ["b", 2]]);
  await group.close();
  assertEquals(group.tunnels.map(({ connected }) => connected), [false, false]);
  assertEquals([...await group.call(count)], [["a", 1], ["b", 1]]);
  await group.close();
  await group.close();
});

Deno.test("Group.connect() gives what each agent says of itself", async () => {
  await using group = new Group([...locals("a"), dead("b")]);
  const result = await group.connect();
  assertEquals(outline(result)[1], ["b", "RuntimeNotFoundError"]);
  assertEquals([...result.successful()], [["a", group.tunnels[0]!.info!]]);
  assertEquals(group.tunnels.map(({ connected }) => connected), [true, false]);
});

Deno.test("new Group() takes hostnames, tunnels and groups", () => {
  const docker = new Docker("sandbox");
  const group = new Group(["web1", docker, "web2"], { ssh: { user: "admin", port: 2222 } });
  assertEquals(group.size, 3);
  assertEquals(group.hosts, ["web1", "sandbox", "web2"]);
  assertStrictEquals(group.tunnels[1], docker);
  const [web1] = group.tunnels;
  assertEquals((web1 as SSHTunnel).command().slice(0, 6), [
    "ssh",
    "-T",
    "-l",
    "admin",
    "-p",
    "2222",
  ]);
  assertEquals([...group], [...group.tunnels]);
  assertEquals(new Group(group).tunnels, group.tunnels);
  assertEquals(new Group([...group, "web3"]).hosts, ["web1", "sandbox", "web2", "web3"]);
  assertEquals(new Group(docker).tunnels, [docker]);
  assertEquals(new Group(new Set(["x", "y"])).hosts, ["x", "y"]);
});

Deno.test("new Group() refuses what is no group of hosts", () => {
  const make = (hosts: unknown, options: unknown = {}) => () =>
    new Group(hosts as string[], options as GroupOptions);
  const cases: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [make(["a", "b", "a"]), TypeError, "Two members of the group have the host a"],
    [make(["a", new Local("a")]), TypeError, "Two members of the group have the host a"],
    [make("web1"), TypeError, 'hosts is "web1": expected an array of hosts'],
    [make(undefined), TypeError, "hosts is undefined: expected an array"],
    [make(5), TypeError, "hosts is 5: expected an array"],
    [make(["a", 5]), TypeError, "hosts[1] is 5: expected a hostname or a tunnel"],
    [make([["a"]]), TypeError, "hosts[0] is a: expected a hostname or a tunnel"],
    [make("web1", "web2"), TypeError, 'options is "web2": expected a plain object'],
    [make([], null), TypeError, "options is null: expected a plain object"],
    [make(["-oProxyCommand=x"]), TypeError, "it would be read as an option"],
    [make([""]), TypeError, 'host is "": expected a string'],
    ...[0, -1, 1.5, NaN, "3"].map((concurrency) =>
      [make([], { concurrency }), RangeError, `concurrency is ${concurrency}`] as [
        () => unknown,
        typeof RangeError,
        string,
      ]
    ),
  ];
  for (const [fn, type, text] of cases) assertThrows(fn, type, text);
  assertEquals(new Group(["a"]).concurrency, 100);
  const unset = { concurrency: undefined, ssh: undefined } as unknown as GroupOptions;
  assertEquals(new Group(["a"], unset).concurrency, 100);
  assertEquals(new Group(["a"], { concurrency: Infinity }).concurrency, Infinity);
});

Deno.test("a group has a readable form", () => {
  const group = new Docker("docker1").union(new Docker("docker2"));
  const text = "Group([Docker('docker1'), Docker('docker2')])";
  assertEquals([String(group), Deno.inspect(group)], [text, text]);
  assertEquals(String(new Group([])), "Group([])");
  assertEquals(Deno.inspect([new Group(["a\x9b2J"])]), "[ Group([SSHTunnel('a\\x9b2J')]) ]");
});

Deno.test("a group without members does everything", async () => {
  await using group = new Group([]);
  assertEquals((await group.call(add, 1)).size, 0);
  assertEquals((await group.connect()).raiseFailures().size, 0);
  assertEquals((await group.put({ text: "x" })).size, 0);
  assertEquals((await group.fetch("/x", "{host}")).size, 0);
  assertEquals((await Array.fromAsync(group.stream(add, 1))).length, 0);
  assertEquals((await group.filter(() => true)).size, 0);
  assertEquals(group.batches("50%"), []);
  assertEquals(group.union(["a"]).hosts, ["a"]);
});

Deno.test("set operations go by host, on groups and on tunnels", async (t) => {
  const [a, b, c] = locals("a", "b", "c") as [Local, Local, Local];
  const ab = new Group([a, b], { concurrency: 7, ssh: { user: "admin" } });
  const bc = new Group([new Local("b"), c]);
  const hosts = (tunnels: Iterable<BaseTunnel>): string[] => [...tunnels].map(({ host }) => host);

  await t.step("as Set does it", () => {
    const members = [[], ["a"], ["b"], ["a", "b"], ["b", "c"], ["c", "d"], ["c", "b", "a"]];
    for (const left of members) {
      for (const right of members) {
        for (
          const name of ["union", "intersection", "difference", "symmetricDifference"] as const
        ) {
          const group = new Group(left)[name](right);
          const set = new Set(left)[name](new Set(right));
          assertEquals(group.hosts.sort(), [...set].sort(), `${left} ${name} ${right}`);
        }
      }
    }
  });

  await t.step("this group's members and options count", () => {
    assertEquals(ab.union(bc).tunnels, [a, b, c]);
    assertStrictEquals(ab.union(bc).tunnels[1], b);
    assertEquals(ab.intersection(bc).tunnels[0] === b, true);
    assertEquals(ab.symmetricDifference(bc).tunnels, [a, c]);
    const wider = ab.union(["web1"]);
    assertEquals(wider.concurrency, 7);
    assertEquals((wider.tunnels[2] as SSHTunnel).command().slice(2, 4), ["-l", "admin"]);
    assertEquals(hosts(ab.union(["x", "x"])), ["a", "b", "x"]);
  });

  await t.step("a tunnel is a group of one", () => {
    assertEquals(String(a.union(b)), "Group([Local('a'), Local('b')])");
    assertEquals(hosts(a.union(ab)), ["a", "b"]);
    assertEquals(hosts(a.union(["x", c])), ["a", "x", "c"]);
    assertEquals(hosts(a.intersection(ab)), ["a"]);
    assertEquals(hosts(c.intersection(ab)), []);
    assertEquals(hosts(a.difference(ab)), []);
    assertEquals(hosts(a.difference(b)), ["a"]);
    assertEquals(hosts(a.symmetricDifference(ab)), ["b"]);
    assertEquals(hosts(ab.union(c)), ["a", "b", "c"]);
    assertEquals(hosts(ab.difference(a)), ["b"]);
  });

  await t.step("a host need not be one for ssh to be left out", () => {
    assertEquals(new Group([new Local("my host"), a]).difference(["my host"]).tunnels, [a]);
    assertThrows(() => ab.union("a"), TypeError, 'hosts is "a": expected an array');
    assertThrows(() => a.union([5 as unknown as string]), TypeError, "hosts[0] is 5");
  });
});

Deno.test("Group.filter() asks each host", async (t) => {
  const tunnels = [
    ...locals("a"),
    new Local("b", { env: { ROLE: "web" } }),
    new Local("c", { env: { ROLE: "web" } }),
  ];
  await using group = new Group(tunnels, { concurrency: 2 });
  const isWeb = (): unknown => process.env.ROLE;

  await t.step("and keeps those with a true value", async () => {
    const web = await group.filter(isWeb);
    assertEquals(web.tunnels, tunnels.slice(1));
    assertEquals(web.concurrency, 2);
  });

  await t.step("or the others", async () => {
    assertEquals((await group.filter(isWeb, { exclude: true })).tunnels, tunnels.slice(0, 1));
  });

  await t.step("with arguments", async () => {
    const hasRole = (role: string, of?: { role: string }): boolean =>
      process.env.ROLE === (of?.role ?? role);
    assertEquals((await group.filter(hasRole, "web")).tunnels, tunnels.slice(1));
    assertEquals((await group.filter(hasRole, "", { role: "web" })).tunnels, tunnels.slice(1));
    const others = group.difference(await group.filter(hasRole, "web"));
    assertEquals(others.tunnels, tunnels.slice(0, 1));
  });

  await t.step("where only an object with just the key exclude is the option", async () => {
    const count = (...args: unknown[]): boolean => args.length === (process.env.ROLE ? 1 : 0);
    const without = { exclude: undefined };
    assertEquals((await group.filter(count as () => boolean, without)).size, 1);
    assertEquals((await group.filter(count, Object.create(null, {}))).size, 2);
    for (
      const argument of [
        ...[{}, { exclude: true, more: 1 }, [], new URL("https://a.example"), undefined, null],
        ...[true, "exclude", new Map([["exclude", true]])],
      ]
    ) assertEquals((await group.filter(count, argument)).size, 2, Deno.inspect(argument));
    assertEquals(
      (await group.filter((...args) => args.length === 2, {}, { exclude: true })).size,
      3,
    );
    await rejectsAs(TypeError, group.filter(isWeb, { exclude: "yes" as unknown as boolean }));
  });

  await t.step("and rejects if one cannot answer", async () => {
    const error = await rejectsAs(RemoteError, group.union([dead("x")]).filter(isWeb));
    assertStringIncludes(error.message, "1 of 4 hosts failed: x: Cannot connect: found no Deno");
    assertEquals(error.host, "x");
    const thrown = await rejectsAs(RemoteError, group.filter(() => JSON.parse("{")));
    assertStringIncludes(thrown.message, "3 of 3 hosts failed: a, b, c: ");
    assertStringIncludes(thrown.message, "failed: SyntaxError: ");
  });
});

Deno.test(slow("one host's failure is that host's alone", async (t) => {
  const names = ["a", "b", "c"];
  await using group = new Group([
    dead("dead"),
    ...locals(...names),
    new Silent("silent", { connectTimeout: 500 }),
  ]);

  await t.step("whatever the failure", async () => {
    const result = await soon(
      group.call((hosts) => {
        const host = hosts.shift();
        return host;
      }, [...names]),
      "the results",
    );
    assertEquals(outline(result), [
      ["dead", "RuntimeNotFoundError"],
      ...names.map((name) => [name, "a"] as [string, string]),
      ["silent", "ConnectionError"],
    ]);
    const { msg, tb, error } = result.get("silent") as ErrorResult;
    assertStringIncludes(msg, "Cannot connect to silent: ");
    assertEquals(tb, null);
    assert(error instanceof ConnectionError && !(error instanceof RuntimeNotFoundError));
  });

  await t.step("a call that throws has its stack", async () => {
    const result = await group.call(() => {
      throw new RangeError("no way");
    });
    const { msg, tb, error, skipped, aborted } = result.get("b") as ErrorResult;
    assertStringIncludes(msg, "failed on b: RangeError: no way");
    assertStringIncludes(tb!, "group_test.ts");
    assertEquals([tb, skipped, aborted], [(error as RemoteError).remoteStack, false, false]);
  });

  await t.step("an agent that dies in the call", async () => {
    const doomed = group.tunnels[2]!;
    const { pid } = doomed.info!;
    const result = await group.call((doomed) => {
      if (process.pid === doomed) process.kill(doomed, "SIGKILL");
      return "alive";
    }, pid);
    assertEquals(outline(result).slice(1, 4), [["a", "alive"], ["b", "ConnectionError"], [
      "c",
      "alive",
    ]]);
    assertStringIncludes((result.get("b") as ErrorResult).msg, "Lost the connection to b");
  });

  await t.step("the far end's words cannot be taken for the error's own", async () => {
    const result = await group.call(() => {
      throw new Error("one\nsecond \x1b[2J\u202e");
    });
    const { msg } = result.get("a") as ErrorResult;
    assertStringIncludes(msg, "one\nsecond \\x1b[2J\\u202e");
  });
}));

Deno.test("all hosts dead are a full result", async () => {
  await using group = new Group(Array.from({ length: 20 }, (_, i) => dead(`host${i}`)), {
    concurrency: 8,
  });
  const result = await soon(group.call(add, 1), "the results");
  assertEquals([...result.keys()], group.hosts);
  assertEquals([...result.successful()], []);
  assertEquals([...result.failures()].length, 20);
  const error = assertThrows(() => result.raiseFailures(), RemoteError);
  assertStringIncludes(error.message, "20 of 20 hosts failed: host[0-19]: ");
});

Deno.test("Group.concurrency bounds how many members are worked on", async () => {
  const limit = 2;
  await using group = new Group(locals("a", "b", "c", "d", "e", "f"), { concurrency: limit });
  await using other = new Local("other");
  let inside = 0;
  let most = 0;
  let gate = new Gate();
  const enter = callback(async (): Promise<void> => {
    most = Math.max(most, ++inside);
    const mine = gate;
    if (inside === limit) {
      // One more would come while this is on its way.
      await other.call(Date.now);
      gate.open();
      gate = new Gate();
    }
    await mine.opened;
    inside--;
  });
  const work = async (enter: () => Promise<void>): Promise<string> => {
    await enter();
    return "done";
  };
  await other.connect();
  const result = await soon(group.call(work, enter), "all hosts");
  assertEquals([...result.values()], Array(6).fill("done"));
  assertEquals(most, limit);
});

Deno.test("what cannot be sent rejects before anything is begun", async (t) => {
  const group = new Group(locals("a", "b"));
  const socket = new WeakRef({});
  const cases: [string, () => Promise<unknown>, string][] = [
    ["a captured variable", () => group.call(() => socket.deref()), "socket"],
    ["an argument", () => group.call((x) => x, socket), "WeakRef"],
    ["no function", () => group.call("ls" as unknown as () => void), "Cannot call ls"],
    ["a stream", () => group.call((x) => x, new ReadableStream()), "with a stream on 2 hosts"],
    [
      "an async iterable",
      () => group.call((x) => x, (async function* () {})()),
      "with a stream on 2 hosts",
    ],
    ["in stream()", () => group.stream("ls" as unknown as () => void).next(), "Cannot call ls"],
    ["late, in stream()", () => group.stream(() => socket.deref()).next(), "socket"],
    ["a predicate", () => group.filter(() => socket.deref()), "socket"],
  ];
  for (const [what, work, text] of cases) {
    await t.step(what, async () => {
      assertStringIncludes((await rejectsAs(TypeError, work())).message, text);
      assertEquals(group.tunnels.map(({ connected }) => connected), [false, false]);
    });
  }

  await t.step("one host can have a stream", async () => {
    await using alone = new Group(locals("a"));
    const sum = async (numbers: AsyncIterable<number>): Promise<number> => {
      let sum = 0;
      for await (const n of numbers) sum += n;
      return sum;
    };
    const numbers = async function* (): AsyncGenerator<number> {
      yield 1;
      yield 2;
    };
    assertEquals([...await alone.call(sum, numbers())], [["a", 3]]);
  });
});

Deno.test("all hosts are sent the same, whatever changes meanwhile", async () => {
  await using group = new Group(locals("a", "b", "c"), { concurrency: 1 });
  const list = [1];
  const seen: unknown[] = [];
  for await (const pair of group.stream((more) => [...list, ...more], list)) {
    seen.push(pair);
    list.push(2);
  }
  assertEquals(seen, [["a", [1, 1]], ["b", [1, 1]], ["c", [1, 1]]]);
});

for (const major of [undefined, "18"] as const) {
  const name = `a group at the far end, on ${major === undefined ? "Deno" : `Node ${major}`}`;
  Deno.test(needing(major === undefined ? [] : ["node"], name, async () => {
    const own = major === undefined
      ? { deno: Deno.execPath() }
      : { runtime: "node" as const, node: service("node").paths[major] };
    await using outer = new Local("outer", own);
    const [entries, shown, streamed, message] = await soon(
      outer.call(async () => {
        const group = new Group([new Local("x", own), new Local("y", own)]);
        try {
          const result = await group.call(runtime);
          const streamed: string[] = [];
          for await (const [host] of group.with({ maxFailures: "50%" }).stream(add, 1)) {
            streamed.push(host);
          }
          const failing = await group.with({ signal: AbortSignal.abort("enough") }).call(add, 1);
          let message = "";
          try {
            failing.raiseFailures();
          } catch (error) {
            message = (error as Error).message;
          }
          const names = [...result.successful()].map(([host, { name }]) => [host, name]);
          return [names, String(group.union(["z"])), streamed.sort(), message];
        } finally {
          await group.close();
        }
      }),
      "the group there",
    ) as [unknown, string, string[], string];
    const kind = outer.info!.runtime;
    assertEquals(entries, [["x", kind], ["y", kind]]);
    assertEquals(shown, "Group([Local('x'), Local('y'), SSHTunnel('z')])");
    assertEquals(streamed, ["x", "y"]);
    assertEquals(message, "2 of 2 hosts skipped: x, y: enough");
  }));
}
