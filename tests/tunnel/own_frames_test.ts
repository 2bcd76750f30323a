import { assertEquals, assertStrictEquals, assertStringIncludes, fail } from "@std/assert";
import type * as facts from "../../agent/facts.ts";
import { inventory } from "../../group/inventory.ts";
import {
  ConnectionError,
  Group,
  hosts,
  Local,
  Queue,
  SSHTunnel,
  SubprocessTunnel,
} from "../../mod.ts";
import { calledFrom, withoutOwnFrames, withoutOwnFramesIfShort } from "../../tunnel/own_frames.ts";

const OWN_FRAME = `    at own (${new URL("../../tunnel/own.ts", import.meta.url)}:1:1)`;

const ROOT = new URL("../..", import.meta.url).href;
const OURS = new RegExp(`\\n +at .*(${ROOT}(agent|codec|group|queue|tunnel)/|chopsticks:).*`);
const FACTS = new URL("../../agent/facts.ts", import.meta.url);

/** A tunnel that cannot connect, for a reason of several lines. */
function nowhere(): Local {
  return new Local("a", { runtime: "deno", deno: "/no/such" });
}

class Nothing extends SubprocessTunnel {
  override readonly host = "nothing";
  override command(): string[] {
    return ["/no/such/program"];
  }
}

/** An error of this library. */
function ownError(): Error {
  const error = new Error("own");
  error.stack = `Error: own\n${OWN_FRAME}`;
  return error;
}

/** The error of a caller. */
function start(): Error {
  const error = new Error();
  error.stack = `Error\n${OWN_FRAME}\n    at caller (file:///caller.ts:1:1)`;
  return error;
}

Deno.test("calledFrom() gives an error of this library the line of the caller", () => {
  const error = ownError();
  assertStrictEquals(calledFrom(error, start()), error);
  assertEquals(error.stack, "Error: own\n    at caller (file:///caller.ts:1:1)");
});

Deno.test("calledFrom() leaves alone what other code threw", () => {
  const other = new Error("other");
  other.stack = "Error: other\n    at other (file:///other.ts:1:1)";
  const long = Object.assign(new Error("two\nlines"), { stack: "Error: two\nlines" });
  const odd = Object.defineProperty(new Error("odd"), "message", { value: { text: "odd" } });
  const bare = Object.assign(new Error("bare"), { stack: undefined });
  for (const reason of [other, long, odd, bare, "text", undefined, null]) {
    const before = (reason as Error | null | undefined)?.stack;
    assertStrictEquals(calledFrom(reason, start()), reason);
    assertStrictEquals((reason as Error | null | undefined)?.stack, before);
    if (reason instanceof Error) assertStrictEquals(withoutOwnFramesIfShort(reason), reason);
  }
});

Deno.test("a group's result has an error whose properties throw", async () => {
  await using group = new Group([new Local("a")]);
  const odd = new Error("odd");
  for (const name of ["stack", "cause"]) {
    Object.defineProperty(odd, name, {
      get() {
        throw new Error(name);
      },
    });
  }
  const result = await group.each(() => Promise.reject(odd));
  assertStrictEquals(result.failures().next().value?.[1].error, odd);
});

Deno.test("calledFrom() gives back an error though Error is frozen", () => {
  const { stackTraceLimit } = Error;
  const freeze = (writable: boolean) =>
    Object.defineProperty(Error, "stackTraceLimit", { value: stackTraceLimit, writable });
  freeze(false);
  try {
    const error = ownError();
    assertStrictEquals(calledFrom(error, start()), error);
  } finally {
    freeze(true);
  }
});

Deno.test("withoutOwnFrames() takes the frames from the errors in an error, whatever they are", () => {
  const errors = [ownError(), "text", ownError()];
  errors.length = 2 ** 32 - 1; // nobody could go through all the holes
  withoutOwnFrames(Object.assign(new AggregateError([]), { errors }));
  assertEquals(errors.slice(0, 3).map((one) => (one as Error).stack), [
    "Error: own",
    undefined,
    "Error: own",
  ]);
  for (const errors of [5, null, {}, "text"]) {
    const error = Object.assign(new AggregateError([]), { errors });
    assertStrictEquals(withoutOwnFrames(error), error);
  }
});

/** What people do wrong, and what goes wrong for them. */
const MISTAKES: Readonly<Record<string, () => unknown>> = {
  "an option that there is not": () => new Local("a", { prt: 22 } as never),
  "a port that is a text": () => new SSHTunnel("a", { port: "22" } as never),
  "a group of a text": () => new Group("web[1-3]" as never),
  "a group of ranges": () => new Group(["web[1-3]"]),
  "hosts() without its end": () => hosts("web[1-"),
  "an option of put()": () => new Local().put("a", "/tmp/a", { mod: 1 } as never),
  "a missing port": () => new Local().forward({ to: {} as never }),
  "a call of a text": () => new Local().call("date" as never),
  "map() of a number": () => new Group([new Local()]).map(5 as never, Math.abs),
  "a queue for a text": () => new Queue().call("web1" as never, Date.now),
  "an inventory of a number": () => inventory(5 as never),
  "a group that no inventory has": async () => (await inventory({ hosts: {} })).group("web"),
  "a host that no inventory has": async () => (await inventory({ hosts: {} })).vars("web1"),
  "a port in an inventory": async () =>
    (await inventory({ hosts: { web1: { connect: { port: 0 } } } })).group("web1"),
  "connect()": () => nowhere().connect(),
  "call()": () => nowhere().call(Date.now),
  "put()": () => nowhere().put({ text: "" }, "/tmp/a"),
  "fetch()": () => nowhere().fetch("/etc/hosts", null),
  "sync()": () => nowhere().sync(import.meta.dirname!, "/tmp/a"),
  "fetchDir()": () => nowhere().fetchDir("/etc", "/tmp/a"),
  "forward()": () => nowhere().forward({ to: { port: 1 } }),
  "module()": () => nowhere().module<typeof facts>(FACTS).ip(),
  "a program that there is not": () => new Nothing().connect(),
  "an await that is missing": async () => {
    const tun = new Local();
    const [call] = await Promise.allSettled([tun.call(Date.now), tun.close()]);
    if (call.status === "rejected") throw call.reason;
  },
  "a result that is too large": async () => {
    await using tun = new Local("a", { maxResult: 1_000 });
    await tun.call(() => "x".repeat(10_000));
  },
  "a message of several lines": async () => {
    await using tun = new Local();
    await tun.call(() => {
      throw new Error("first\nsecond");
    });
  },
  "a port here that is in use": async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using tun = new Local();
    const from = { port: (taken.addr as Deno.NetAddr).port };
    await tun.forward({ to: { port: 1 }, from });
  },
  "a port there that is in use": async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using tun = new Local();
    const from = { port: (taken.addr as Deno.NetAddr).port };
    await tun.reverse({ to: { port: 1 }, from });
  },
  "filter() that fails": async () => {
    await using group = new Group([new Local()]);
    await group.filter(() => {
      throw new Error("no");
    });
  },
};

for (const [name, mistake] of Object.entries(MISTAKES)) {
  Deno.test(`an error names the caller's line and none of ours: ${name}`, async () => {
    const error = await (async () => await mistake())().then(
      () => fail("nothing was thrown"),
      (error) => error as Error,
    );
    for (let one: unknown = error; one instanceof Error; one = one.cause) {
      assertEquals(OURS.exec(`${one.stack}`), null, one.stack);
    }
    assertStringIncludes(/^ +at .*/m.exec(`${error.stack}`)![0], import.meta.url, error.stack);
  });
}

Deno.test("an error of a host in a group has no frames of ours", async () => {
  const group = new Group([nowhere(), new Local("b", { runtime: "deno", deno: "/no/such" })]);
  for (const [, { error }] of (await group.call(Date.now)).failures()) {
    if (!(error instanceof ConnectionError)) throw error;
    assertEquals(OURS.exec(`${error.stack}`), null, error.stack);
    assertStringIncludes(`${error.stack}`, error.message);
  }
});

Deno.test("an error of a stream has no frames of ours", async () => {
  await using tun = new Local();
  for (const message of ["no", "first\nsecond"]) {
    const numbers = await tun.call(async function* (message: string) {
      yield 1;
      throw new Error(message);
    }, message);
    const error = await Array.fromAsync(numbers).then(
      () => fail("it did not fail"),
      (error) => error,
    );
    assertEquals(OURS.exec(`${error.stack}`), null, error.stack);
    assertStringIncludes(`${error.stack}`, message);
  }
});
