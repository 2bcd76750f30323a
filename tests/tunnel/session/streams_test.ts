import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { once } from "node:events";
import { createConnection } from "node:net";
import { Duplex } from "node:stream";
import { inspect } from "node:util";
import { callback, ConnectionError, Local, RemoteError } from "../../../mod.ts";
import { AHEAD } from "../../../agent/protocol/value_stream.ts";
import { rejection, rejectsAs, soon } from "../_deadline.ts";
import { onRuntimes } from "../_runtimes.ts";

/** A stream of numbers that tells how it ended. */
function counter(): {
  values: AsyncGenerator<number>;
  state: { made: number; ended: Promise<void> };
} {
  const ended = Promise.withResolvers<void>();
  const state = { made: 0, ended: ended.promise };
  const values = (async function* (): AsyncGenerator<number> {
    try {
      for (;;) yield await Promise.resolve(state.made++);
    } finally {
      ended.resolve();
    }
  })();
  return { values, state };
}

/** A stream that waits for ever after its first value, and tells when it is cancelled. */
function stuck(): { stream: ReadableStream<string>; cancelled: Promise<void> } {
  const cancelled = Promise.withResolvers<void>();
  const stream = new ReadableStream<string>({
    start: (controller) => controller.enqueue("first"),
    cancel: () => cancelled.resolve(),
  });
  return { stream, cancelled: cancelled.promise };
}

/** Collects garbage. */
async function collect(): Promise<void> {
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

async function sum(values: AsyncIterable<number>, most = Infinity): Promise<number> {
  let total = 0;
  let count = 0;
  for await (const value of values) {
    total += value;
    if (++count >= most) break;
  }
  return total;
}

onRuntimes("call() streams an async iterable that is returned", async (tun) => {
  const values = await tun.call(async function* (n: number) {
    for (let i = 0; i < n; i++) yield await Promise.resolve({ i, bytes: new Uint8Array([i]) });
  }, 1000);
  const all = await Array.fromAsync(values);
  assertEquals(all.length, 1000);
  assertEquals(all[258], { i: 258, bytes: new Uint8Array([2]) });
});

onRuntimes("call() streams an object with an async iterator", async (tun) => {
  const values = await tun.call(() => ({
    async *[Symbol.asyncIterator]() {
      yield await Promise.resolve(5);
    },
  }));
  assertEquals(await Array.fromAsync(values), [5]);
});

onRuntimes("call() streams a ReadableStream that is returned", async (tun) => {
  const stream = await tun.call(() =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array([1, 2]));
        controller.enqueue("x");
        controller.close();
      },
    })
  );
  assert(stream instanceof ReadableStream);
  const all = await Array.fromAsync(stream);
  assertEquals(all, [new Uint8Array([1, 2]), "x"]);
  assertEquals(all[0].constructor, Uint8Array);
});

onRuntimes(
  "call() streams what Node's streams give, transformed ones and a child's too",
  async (tun) => {
    const echo = await tun.call(async () => {
      const { spawn } = await import("node:child_process");
      const { createGunzip, createGzip } = await import("node:zlib");
      const { stdout } = spawn("echo", ["hello"], { stdio: ["ignore", "pipe", "inherit"] });
      return {
        stdout,
        unzipped: spawn("echo", ["again"]).stdout.pipe(createGzip()).pipe(createGunzip()),
      };
    });
    const text = async (values: unknown): Promise<string> =>
      await new Response(ReadableStream.from(values as AsyncIterable<Uint8Array>)).text();
    assertEquals([await text(echo.stdout), await text(echo.unzipped)], ["hello\n", "again\n"]);
  },
);

Deno.test("call() streams a Deno.FsWatcher that is returned", async () => {
  await using tun = new Local("here");
  const folder = await Deno.makeTempDir();
  try {
    const events = await tun.call((folder) => Deno.watchFs(folder), folder);
    const event = events[Symbol.asyncIterator]().next();
    await Deno.writeTextFile(`${folder}/a`, "");
    assertEquals((await soon(event, "an event")).value.paths, [`${folder}/a`]);
    await events.return?.();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("call() takes nothing for a stream that is a listener or a socket", async () => {
  await using tun = new Local("here");
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr as Deno.NetAddr;
  const socket = createConnection({ port, host: "127.0.0.1" });
  const [accepted] = await Promise.all([listener.accept(), once(socket, "connect")]);
  const duplex = new Duplex({ read() {} });
  try {
    for (const [name, thing] of Object.entries({ Listener: listener, Socket: socket, duplex })) {
      const kind = (thing as object).constructor.name;
      const closure = await rejectsAs(TypeError, tun.call(() => thing));
      assertStringIncludes(
        closure.message,
        `Cannot send function (anonymous): variable thing is a ${kind}, which has no copy; make it`,
        name,
      );
      const argument = await rejectsAs(TypeError, tun.call((_) => {}, thing));
      assertStringIncludes(
        argument.message,
        `Cannot encode arguments[0]: ${kind} is not a plain object; ` +
          "give a plain object, such as { ...it } (file:///",
        name,
      );
    }
    const returned = tun.call(() => Deno.listen({ port: 0, hostname: "127.0.0.1" }));
    const { message } = await rejectsAs(RemoteError, returned);
    assertMatch(message, /Cannot encode result: \w*Listener is not a plain object; return /);
    assertEquals(tun.connected, true);
  } finally {
    const gone = once(socket, "close");
    for (const thing of [listener, accepted]) thing.close();
    for (const stream of [socket, duplex]) stream.destroy();
    await gone;
  }
});

Deno.test("a stream is shown as one", async () => {
  await using tun = new Local("here");
  const values = await tun.call(async function* () {
    yield await Promise.resolve(1);
  });
  assertEquals(Deno.inspect([values]), "[ Stream of values ]");
  assertEquals(inspect([values]), "[ Stream of values ]");
  assertEquals(await Array.fromAsync(values), [1]);
});

onRuntimes("a producer at the far end is ended by break", async (tun) => {
  await tun.call(() => {
    (globalThis as unknown as Record<string, unknown>).ends = 0;
  });
  const values = await tun.call(async function* () {
    try {
      for (let i = 0;; i++) yield await Promise.resolve(i);
    } finally {
      (globalThis as unknown as Record<string, number>).ends!++;
    }
  });
  for await (const value of values) if (value === 10) break;
  const ends = (): unknown => (globalThis as unknown as Record<string, unknown>).ends;
  for (let tries = 0; await tun.call(ends) !== 1; tries++) assert(tries < 1000, "it goes on");
});

onRuntimes("a stream that is ended before its first value ends the producer", async (tun) => {
  const aborted = new AbortController();
  const values = await tun.with({ signal: aborted.signal }).call(async function* () {
    for (let i = 0;; i++) yield await Promise.resolve(i);
  });
  aborted.abort(new Error("enough"));
  const error = await rejectsAs(Error, values.next());
  assertEquals(error.message, "enough");
});

onRuntimes("a stream that fails at the far end fails here", async (tun) => {
  const values = await tun.call(async function* () {
    yield await Promise.resolve(1);
    throw new TypeError("in the middle");
  });
  assertEquals(await values.next(), { done: false, value: 1 });
  const error = await rejectsAs(RemoteError, values.next());
  assertStringIncludes(error.message, "failed on here: TypeError: in the middle");
  assertEquals(await values.next(), { done: true, value: undefined });
});

onRuntimes("a stream can be an argument, and is held back", async (tun) => {
  const { values, state } = counter();
  assertEquals(await tun.call(sum, values, 10), 45);
  await soon(state.ended, "the producer");
  assert(state.made <= AHEAD + 10, `${state.made} values were made`);
});

onRuntimes("a ReadableStream can be an argument", async (tun) => {
  const stream = ReadableStream.from([new Uint8Array([1]), new Uint8Array([2, 3])]);
  const text = await tun.call(async (stream: ReadableStream<Uint8Array>) => {
    if (!(stream instanceof ReadableStream)) throw new TypeError("no stream");
    const parts: string[] = [];
    const reader = stream.getReader();
    for (let part; !(part = await reader.read()).done;) parts.push(part.value.join());
    return parts.join(" ");
  }, stream);
  assertEquals(text, "1 2,3");
});

onRuntimes("a stream argument that fails, fails there", async (tun) => {
  const failing = (async function* (): AsyncGenerator<number> {
    yield await Promise.resolve(1);
    throw new RangeError("no more");
  })();
  const error = await rejectsAs(RemoteError, tun.call(sum, failing));
  assertStringIncludes(error.message, "RangeError: no more");
});

const FACTS = import.meta.resolve("../../../agent/facts.ts");

/** Calls with a stream that fail, by what is wrong with them. */
const FAILING_CALLS: Record<string, (tun: Local, stream: AsyncIterable<unknown>) => unknown> = {
  "a function that throws": (tun, stream) =>
    tun.call((_) => {
      throw new Error("at once");
    }, stream),
  "a function that there is not": (tun, stream) =>
    tun.module<{ none(stream: unknown): void }>(FACTS).none(stream),
  "a result without a copy": (tun, stream) => tun.call((_) => new Response(), stream),
};

onRuntimes("a call that fails ends the streams that it was given", async (tun) => {
  for (const [name, call] of Object.entries(FAILING_CALLS)) {
    const { values, state } = counter();
    await rejectsAs(RemoteError, call(tun, values) as Promise<unknown>);
    await soon(state.ended, `the producer, after ${name}`);
    const { stream, cancelled } = stuck();
    await rejectsAs(RemoteError, call(tun, stream) as Promise<unknown>);
    await soon(cancelled, `the ReadableStream, after ${name}`);
    assertEquals(stream.locked, false);
  }
});

onRuntimes("a call that is aborted ends the streams that it was given", async (tun) => {
  const { values, state } = counter();
  const aborted = new AbortController();
  const calling = tun.with({ signal: aborted.signal }).call(
    async (values: AsyncIterable<number>, onValue: (value: number) => Promise<void>) => {
      for await (const value of values) await onValue(value);
    },
    values,
    callback((value: number) => {
      if (value === 5) aborted.abort(new Error("enough"));
    }),
  );
  assertEquals((await rejectsAs(Error, calling)).message, "enough");
  await soon(state.ended, "the producer");
});

onRuntimes("a stream goes on after its call, until the signal aborts", async (tun) => {
  const { values, state } = counter();
  const aborted = new AbortController();
  const doubled = await tun.with({ signal: aborted.signal }).call(
    async function* (values: AsyncIterable<number>) {
      for await (const value of values) yield value * 2;
    },
    values,
  );
  for await (const value of doubled) if (value === 4 * AHEAD) break;
  await soon(state.ended, "the producer");

  const { stream, cancelled } = stuck();
  await tun.with({ signal: aborted.signal }).call((stream: unknown) => {
    (globalThis as unknown as Record<string, unknown>).kept = stream;
  }, stream);
  aborted.abort();
  await soon(cancelled, "the ReadableStream");
});

onRuntimes("a stream that nobody can read any more is ended", async (tun) => {
  const { stream, cancelled } = stuck();
  let ended = false;
  cancelled.then(() => ended = true);
  await tun.call((_) => {}, stream);
  for (let tries = 0; !ended; tries++) {
    assert(tries < 1000, "the one here goes on");
    await tun.call(collect);
  }

  await tun.call(() =>
    new ReadableStream({
      cancel: () => {
        (globalThis as unknown as Record<string, unknown>).ended = true;
      },
    })
  );
  const hasEnded = (): unknown => (globalThis as unknown as Record<string, unknown>).ended;
  for (let tries = 0; !await tun.call(hasEnded); tries++) {
    assert(tries < 1000, "the one there goes on");
    await collect();
  }
});

onRuntimes("a stream that was given up or has ended leaves nothing at either end", async (tun) => {
  /** Reads streams in each way, and gives the objects that read them, which must not stay. */
  const use = async (streams: unknown[]): Promise<WeakRef<object>[]> => {
    const [broken, whole, cancelled] = streams as [
      AsyncIterable<number>,
      AsyncIterable<number>,
      ReadableStream<number>,
    ];
    for await (const _ of broken) break;
    for await (const _ of whole);
    const reader = cancelled.getReader();
    await reader.read();
    await reader.cancel();
    return [broken, whole, cancelled].map((stream) => new WeakRef<object>(stream));
  };
  const make = (): unknown[] => [
    (async function* (): AsyncGenerator<number> {
      for (let i = 0;; i++) yield await Promise.resolve(i);
    })(),
    (async function* (): AsyncGenerator<number> {
      yield await Promise.resolve(1);
    })(),
    new ReadableStream<number>({ pull: (controller) => controller.enqueue(1) }),
  ];
  const refs = await use(await tun.call(make));
  for (let tries = 0; refs.some((ref) => ref.deref() !== undefined); tries++) {
    assert(tries < 100, "some stay here");
    await tun.call(Date.now);
    await collect();
  }

  const left = async (streams?: unknown[]): Promise<number> => {
    const there = globalThis as unknown as { refs: WeakRef<object>[] };
    if (streams !== undefined) there.refs = await use(streams);
    return there.refs.filter((ref) => ref.deref() !== undefined).length;
  };
  await tun.call((left, streams) => left(streams), left, make());
  for (let tries = 0; await tun.call(left) > 0; tries++) {
    assert(tries < 100, "some stay there");
    await tun.call(collect);
  }
});

onRuntimes("a ReadableStream that waits is cancelled at once", async (tun) => {
  const { stream, cancelled } = stuck();
  await tun.call(async (stream: ReadableStream<string>) => {
    for await (const _ of stream as unknown as AsyncIterable<string>) break;
  }, stream);
  await soon(cancelled, "the one here");
  assertEquals(stream.locked, false);

  const isCancelled = (): unknown => (globalThis as unknown as Record<string, unknown>).cancelled;
  const there = (): ReadableStream<string> => {
    (globalThis as unknown as Record<string, unknown>).cancelled = false;
    return new ReadableStream<string>({
      start: (controller) => controller.enqueue("first"),
      cancel: () => {
        (globalThis as unknown as Record<string, unknown>).cancelled = true;
      },
    });
  };
  for await (const value of await tun.call(there)) {
    assertEquals(value, "first");
    break;
  }
  for (let tries = 0; !await tun.call(isCancelled); tries++) assert(tries < 1000, "it goes on");

  const aborted = new AbortController();
  const values = (await tun.with({ signal: aborted.signal }).call(there)).values();
  await values.next();
  aborted.abort(new Error("enough"));
  assertEquals((await rejectsAs(Error, values.next())).message, "enough");
  for (let tries = 0; !await tun.call(isCancelled); tries++) assert(tries < 1000, "it goes on");
});

onRuntimes("a stream that comes after its call was aborted is cancelled", async (tun) => {
  const isCancelled = (): unknown => (globalThis as unknown as Record<string, unknown>).cancelled;
  const aborted = new AbortController();
  const calling = tun.with({ signal: aborted.signal }).call(
    async (signal: AbortSignal, onStart: () => Promise<void>) => {
      (globalThis as unknown as Record<string, unknown>).cancelled = false;
      const over = new Promise((resolve) => signal.addEventListener("abort", resolve));
      await onStart();
      await over;
      // The end of the call comes behind the end of the signal.
      await new Promise((resolve) => setTimeout(resolve));
      return new ReadableStream({
        cancel: () => {
          (globalThis as unknown as Record<string, unknown>).cancelled = true;
        },
      });
    },
    aborted.signal,
    callback(() => aborted.abort(new Error("enough"))),
  );
  assertEquals((await rejectsAs(Error, calling)).message, "enough");
  for (let tries = 0; !await tun.call(isCancelled); tries++) assert(tries < 1000, "it goes on");
});

onRuntimes("callback() is called here", async (tun) => {
  const lines: string[] = [];
  const onLine = callback((line: string) => lines.push(line));
  const result = await tun.call(async (call) => [await call("a"), await call("b")], onLine);
  assertEquals([result, lines], [[1, 2], ["a", "b"]]);
  // The types of what is called follow from what it is called with.
  const doubled: number = await tun.call(
    async (double, text) => await double(text.length),
    callback((n: number) => n * 2),
    "abc",
  );
  assertEquals(doubled, 6);
  // It can be kept for later.
  await tun.call((call) => {
    (globalThis as unknown as Record<string, unknown>).kept = call;
  }, onLine);
  await tun.call(async () => {
    await (globalThis as unknown as { kept(line: string): Promise<unknown> }).kept("c");
  });
  assertEquals(lines, ["a", "b", "c"]);
});

onRuntimes("what callback() throws is thrown there", async (tun) => {
  const failing = callback((): void => {
    throw new RangeError("not here");
  });
  const result = await tun.call(async (call) => {
    try {
      await call();
      return "nothing";
    } catch (error) {
      return `${error}`;
    }
  }, failing);
  assertEquals(result, "RangeError: not here");
});

onRuntimes("an AbortSignal aborts there when it does here", async (tun) => {
  const controller = new AbortController();
  const waiting = tun.call(
    async (signal: AbortSignal, started: () => Promise<void>) => {
      const aborted = new Promise((resolve) =>
        signal.addEventListener("abort", () => resolve(`${signal.reason}`))
      );
      await started();
      return await aborted;
    },
    controller.signal,
    callback(() => controller.abort()),
  );
  assertEquals(await soon(waiting, "the abort"), `${controller.signal.reason}`);
  const both = await tun.call(
    (signal: AbortSignal) => [signal.aborted, `${signal.reason}`],
    AbortSignal.abort("why"),
  );
  assertEquals(both, [true, "why"]);
});

onRuntimes("an AbortSignal that aborts right behind the call does so there, too", async (tun) => {
  const wait = (signal: AbortSignal): Promise<unknown[]> => {
    const { aborted } = signal;
    return new Promise((resolve) =>
      signal.addEventListener("abort", () => resolve([aborted, signal.reason]))
    );
  };
  for (const fn of [wait, wait]) {
    const controller = new AbortController();
    const waiting = tun.call(fn, controller.signal);
    controller.abort("at once");
    assertEquals(await soon(waiting, "the abort"), [false, "at once"]);
  }
});

onRuntimes("an AbortSignal's reason need not be one that can be copied", async (tun) => {
  class Cancelled extends Error {
    override name = "Cancelled";
  }
  const describe = (signal: AbortSignal): string => `${signal.reason}`;
  const until = async (signal: AbortSignal, onStart: () => Promise<void>): Promise<string> => {
    const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
    await onStart();
    await aborted;
    return `${signal.reason}`;
  };
  const reasons: [reason: unknown, text: string][] = [
    [new Cancelled("by me"), "Cancelled: by me"],
    [Symbol("enough"), "Error: Symbol(enough)"],
  ];
  for (const [reason, text] of reasons) {
    assertEquals(await tun.call(describe, AbortSignal.abort(reason)), text);
    const later = new AbortController();
    const onStart = callback(() => later.abort(reason));
    assertEquals(await soon(tun.call(until, later.signal, onStart), "the abort"), text);
  }
});

onRuntimes(
  "a stream that is being read already is a failure there, not a crash here",
  async (tun) => {
    const stream = ReadableStream.from([1]);
    const reader = stream.getReader();
    const reading = tun.call(async (stream: ReadableStream<number>) => {
      const { value } = await stream.getReader().read();
      return value;
    }, stream);
    const error = await rejectsAs(RemoteError, reading);
    assertStringIncludes(error.message, "TypeError");
    await reader.cancel();
  },
);

Deno.test("a stream that has ended leaves no listener on its signal", async () => {
  await using tun = new Local("here");
  const { signal } = new AbortController();
  const listening = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listening.add(args[1]);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listening.delete(args[1]);
    removeEventListener.apply(signal, args);
  };
  const values = await tun.with({ signal }).call(async function* () {
    yield await Promise.resolve(1);
  });
  assertEquals(await Array.fromAsync(values), [1]);
  assertEquals(listening.size, 0);
});

onRuntimes("a stream is cancelled when its call fails before it is on its way", async (tun) => {
  const outcomes: unknown[] = [];
  const make = (name: string): ReadableStream<number> =>
    new ReadableStream({ cancel: () => void outcomes.push(name) });
  const read = (_stream: unknown, _other?: unknown): number => 1;
  const signal = AbortSignal.abort("enough");
  assertEquals(await rejection(tun.with({ signal }).call(read, make("aborted"))), "enough");
  await rejectsAs(TypeError, tun.call(read, make("refused"), new WeakRef({}) as never));
  await using nowhere = new Local("nowhere", { runtime: "deno", deno: "/no/such" });
  await rejectsAs(ConnectionError, nowhere.call(read, make("no connection")));
  assertEquals(outcomes, ["aborted", "refused", "no connection"]);
});

onRuntimes("a call that is aborted while it is prepared does not run", async (tun) => {
  await tun.call(Date.now);
  for (const later of [(abort: () => void) => abort(), queueMicrotask]) {
    const controller = new AbortController();
    const calling = tun.with(controller).call(() => {
      (globalThis as { ran?: boolean }).ran = true;
    });
    later(() => controller.abort("enough"));
    assertEquals(await rejection(calling), "enough");
  }
  assertEquals(await tun.call(() => "ran" in globalThis), false);
});

onRuntimes("callbacks may be let go of by the thousands at once", async (tun) => {
  const many = Array.from({ length: 20_000 }, (_, i) => callback(() => i));
  assertEquals(await tun.call((given: unknown[]) => given.length, many), many.length);
  for (let i = 0; i < 10; i++) {
    // Garbage, so that they are collected.
    await tun.call(() => {
      for (let i = 0; i < 10; i++) Array.from({ length: 200_000 }, (_, j) => ({ j }));
    });
  }
  assert(tun.connected);
});
