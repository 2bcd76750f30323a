import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { callback, ConnectionError, Local } from "../../mod.ts";
import type { ErrorResult } from "../../group/error_result.ts";
import { Group } from "../../group/group.ts";
import { GroupResult } from "../../group/group_result.ts";
import { NotCompleted } from "../../queue/not_completed.ts";
import { Queue } from "../../queue/queue.ts";
import { needing, service } from "../services/services.ts";
import { rejection, rejectsAs, soon } from "../tunnel/_deadline.ts";
import * as far from "./fixture/far.ts";
import { failure, run, success, withTunnels } from "./_tunnels.ts";
import { turn } from "./_turn.ts";

/** Resolves for all as soon as `count` have called it. */
function meeting(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  return async () => {
    if (--count === 0) resolve();
    await promise;
  };
}

withTunnels(
  "Queue.run() does each host's operations in order, hosts side by side",
  async (a, b) => {
    const queue = new Queue();
    const log: string[] = [];
    const [first, second] = [meeting(2), meeting(2)];
    const begin = callback(async (name: string) => {
      log.push(`${name} begins`);
      // Neither can be passed but by both hosts at once.
      await (name.endsWith("1") ? first() : second());
      log.push(`${name} ends`);
    });
    const results = [a, b].flatMap((tun) =>
      ["1", "2"].map((n) =>
        queue.call(
          tun,
          async (name, begin) => {
            await begin(name);
            return name;
          },
          `${tun.host}${n}`,
          begin,
        )
      )
    );
    assertEquals([a.connected, log], [false, []]);
    await run(queue);
    assertEquals(results.map(({ value }) => value), ["a1", "a2", "b1", "b2"]);
    for (const host of ["a", "b"]) {
      assertEquals(
        log.filter((line) => line.startsWith(host)),
        [`${host}1 begins`, `${host}1 ends`, `${host}2 begins`, `${host}2 ends`],
      );
    }
  },
);

withTunnels("Queue lets no host wait for another's operations on the same group", async (a, b) => {
  const queue = new Queue();
  const group = new Group([a, b]);
  const done: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const report = callback(async (name: string) => {
    // The first is over on this host only when the other host is through.
    if (name === "a1") await promise;
    done.push(name);
    if (name === "b3") resolve();
  });
  for (const n of [1, 2, 3]) {
    queue.call(
      group,
      async (n, hosts, report) => {
        const host = hosts[Deno.pid]!;
        await report(`${host}${n}`);
      },
      n,
      await pids(a, b),
      report,
    );
  }
  await run(queue);
  assertEquals(done, ["b1", "b2", "b3", "a1", "a2", "a3"]);
});

/** The names of tunnels, by their agents' process numbers. */
async function pids(...tunnels: Local[]): Promise<Record<number, string>> {
  const entries = tunnels.map(async (tun) => {
    await tun.connect();
    return [tun.info!.pid, tun.host];
  });
  return Object.fromEntries(await Promise.all(entries));
}

withTunnels(
  "Queue gives a tunnel's value or ErrorResult, and a group's GroupResult",
  async (a, b) => {
    const queue = new Queue();
    const group = new Group([b, a]);
    const root = queue.call(a, Math.sqrt, 4);
    const failing = queue.call(a, JSON.parse, "{");
    const roots = queue.call(group, Math.sqrt, 9);
    const failures = queue.call(group, JSON.parse, "{");
    const none = queue.call(new Group([]), Math.sqrt, 16);
    await turn();
    assertThrows(() => none.value, NotCompleted);
    await run(queue);
    assertEquals(root.value, 2);
    assertStringIncludes(failure(failing.value).msg, "SyntaxError");
    assertEquals(failure(failing.value).aborted, false);
    assertInstanceOf(roots.value, GroupResult);
    assertEquals([...roots.value], [["b", 3], ["a", 3]]);
    assertEquals([...failures.value.failures()].map(([host]) => host), ["b", "a"]);
    assertEquals(none.value.size, 0);
    // So is what the type says.
    const value: number | ErrorResult = root.value;
    const values: GroupResult<number> = roots.value;
    assertEquals([await root.promise, await roots.promise], [value, values]);
  },
);

withTunnels("Queue.connect() connects, and gives what the agents say", async (a, b) => {
  const queue = new Queue();
  const one = queue.connect(a);
  const all = queue.connect(new Group([a, b]));
  await run(queue);
  assert(a.connected && b.connected);
  assertEquals([one.value, ...all.value.values()], [a.info, a.info, b.info]);
});

withTunnels("Queue carries files and folders", async (a, b) => {
  const folder = await Deno.makeTempDir();
  try {
    const queue = new Queue();
    const group = new Group([a, b]);
    await Deno.mkdir(`${folder}/source`);
    await Deno.writeTextFile(`${folder}/source/file`, "in a folder");
    const put = queue.put(a, { text: "Hello\n" }, `${folder}/put`, { mode: 0o600 });
    const puts = queue.put(group, { text: "temporary" });
    const fetched = queue.fetch(a, `${folder}/put`, `${folder}/fetched`);
    const bytes = queue.fetch(a, `${folder}/put`, null);
    const sink = new TransformStream<Uint8Array, Uint8Array>();
    const text = new Response(sink.readable).text();
    const streamed = queue.fetch(a, `${folder}/put`, sink.writable);
    const synced = queue.sync(a, `${folder}/source`, `${folder}/target`);
    const dirs = queue.fetchDir(a, `${folder}/target`, `${folder}/back`);
    // In another lane it might be too early.
    synced.withCallback(() => {
      queue.fetchDir(group, `${folder}/target`, `${folder}/all/{host}`);
      queue.fetch(group, `${folder}/put`, `${folder}/put-{host}`);
    });
    await run(queue);
    const { size, remotePath } = success(put.value);
    assertEquals([size, remotePath], [6, `${folder}/put`]);
    assertEquals(success(fetched.value).localPath, `${folder}/fetched`);
    assertEquals(new TextDecoder().decode(success(bytes.value).bytes), "Hello\n");
    assertEquals([success(streamed.value).localPath, await text], [null, "Hello\n"]);
    for (const { remotePath } of puts.value.raiseFailures().values()) {
      assertEquals(await Deno.readTextFile(remotePath), "temporary");
      await Deno.remove(remotePath);
    }
    assertEquals(success(synced.value).created, success(dirs.value).created);
    for (const name of ["target", "back", "all/a", "all/b"]) {
      assertEquals(await Deno.readTextFile(`${folder}/${name}/file`), "in a folder");
    }
    for (const host of ["a", "b"]) {
      assertEquals(await Deno.readTextFile(`${folder}/put-${host}`), "Hello\n");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

withTunnels("Queue reports a dead host as that operation's failure, and goes on", async (a, b) => {
  const queue = new Queue();
  const group = new Group([a, b]);
  const before = queue.call(group, far.count);
  const death = queue.call(a, far.die);
  const after = queue.call(group, far.count);
  await run(queue);
  assertEquals([...before.value], [["a", 1], ["b", 1]]);
  assertInstanceOf(failure(death.value).error, ConnectionError);
  // The agent is a new one.
  assertEquals([...after.value], [["a", 1], ["b", 2]]);
});

Deno.test("Queue reports a host that cannot be reached as the failure of each operation", async () => {
  await using a = new Local("a");
  const lost = new Local("lost", { deno: "/no/such/deno", runtime: "deno" });
  const queue = new Queue();
  const roots = queue.call(new Group([a, lost]), Math.sqrt, 4);
  const root = queue.call(lost, Math.sqrt, 4);
  await run(queue);
  assertEquals(roots.value.get("a"), 2);
  for (const result of [roots.value.get("lost"), root.value]) {
    assertInstanceOf(failure(result).error, ConnectionError);
  }
});

withTunnels("Queue has one lane for a host, whatever tunnels lead there", async (a) => {
  await using other = new Local("a");
  const queue = new Queue();
  const log: string[] = [];
  const begin = callback(async (name: string) => {
    // Had any other been sent meanwhile, it would be there before the answers to these.
    if (name === "first") { for (const tunnel of [a, other]) await tunnel.call(far.count); }
    log.push(name);
  });
  const signal = AbortSignal.timeout(60_000);
  const call = async (begin: (name: string) => Promise<void>, name: string): Promise<void> => {
    await begin(name);
  };
  queue.call(a, call, begin, "first");
  queue.call(a.with({ signal }), call, begin, "second");
  queue.call(new Group([a]).with({ signal }), call, begin, "third");
  queue.call(other, call, begin, "fourth");
  queue.call(new Group([other]), call, begin, "fifth");
  await run(queue);
  assertEquals(log, ["first", "second", "third", "fourth", "fifth"]);
});

withTunnels("Queue sends variables as they were when the call was put in", async (a) => {
  const queue = new Queue();
  let n = 1;
  const one = queue.call(a, () => n);
  n = 2;
  const two = queue.call(a, () => n);
  await run(queue);
  assertEquals([one.value, two.value], [1, 2]);
});

withTunnels(
  "Queue leaves hosts alone when more have failed than the group admits",
  async (a, b) => {
    const queue = new Queue({ concurrency: 1 });
    const group = new Group([a, b]).with({ maxFailures: 0 });
    const refused = queue.call(group, JSON.parse, "{");
    await run(queue);
    const [first, second] = [...refused.value.values()].map(failure);
    assertEquals([first!.skipped, second!.skipped, b.connected], [false, true, false]);
  },
);

withTunnels("Queue can be used again, also after a run that was ended", async (a) => {
  const queue = new Queue();
  for (let round = 1; round <= 3; round++) {
    const count = queue.call(a, far.count);
    await run(queue);
    assertEquals(count.value, round);
  }
  const late = queue.call(a, far.count);
  const signal = AbortSignal.abort("enough");
  assertEquals(await rejection(queue.with({ signal }).run()), "enough");
  assertEquals(failure(late.value).error, "enough");
  const again = queue.call(a, far.count);
  await run(queue);
  assertEquals(again.value, 4);
  await run(queue);
});

withTunnels("Queue.run() joins a run that is under way", async (a) => {
  const queue = new Queue();
  const count = queue.call(a, far.count);
  const first = queue.run();
  assertStrictEquals(queue.run(), first);
  await soon(first, "run()");
  assertEquals(count.value, 1);
});

withTunnels("Queue.with() takes waiting operations out, and ends those that run", async (a, b) => {
  const queue = new Queue();
  const controller = new AbortController();
  const { signal } = controller;
  const limited = queue.with({ signal });
  const abort = callback(() => controller.abort("too late"));
  const never = async (abort: () => Promise<void>): Promise<never> => {
    await abort();
    return await new Promise<never>(() => {});
  };
  const running = limited.call(a, never, abort);
  const waiting = limited.call(new Group([a, b]).with({ maxFailures: 2 }), far.count);
  const kept = queue.call(a, far.count);
  await run(queue);
  const { error, aborted, skipped } = failure(running.value);
  assertEquals([error, aborted, skipped], ["too late", true, false]);
  const left = failure(waiting.value.get("a"));
  assertEquals([left.error, left.aborted, left.skipped], ["too late", true, true]);
  // It was not begun there; the tunnel has lost nothing.
  assertEquals(kept.value, 1);
  const late = limited.call(a, far.count);
  failure(await soon(late.promise, "the result"));
  // Within the limits of both.
  const both = limited.with({ signal: new AbortController().signal }).call(a, far.count);
  failure(await soon(both.promise, "the result"));
  assertStrictEquals(queue.with({}), queue);
});

withTunnels("Queue.run() with a signal ends all that is in the queue", async (a, b) => {
  const queue = new Queue();
  const controller = new AbortController();
  const { signal } = controller;
  const abort = callback(() => controller.abort("enough"));
  const never = async (abort: () => Promise<void>): Promise<never> => {
    await abort();
    return await new Promise<never>(() => {});
  };
  const retries: unknown[] = [];
  const retry = (result: unknown): void => {
    retries.push(result);
    queue.call(a, far.count).withCallback(retry);
  };
  const group = new Group([a, b]);
  await Promise.all([a.connect(), b.connect()]);
  const running = queue.call(group, never, abort);
  const waiting = queue.call(a, far.count).withCallback(retry);
  assertEquals(await rejection(queue.with({ signal }).run()), "enough");
  for (const result of [...running.value.values(), waiting.value, ...retries]) {
    const { error, aborted } = failure(result);
    assertEquals([error, aborted], ["enough", true]);
  }
  assert(retries.length > 0);
});

withTunnels("Queue refuses at once what is no target and what is no function", async (a) => {
  const queue = new Queue();
  for (const target of ["web1", undefined, {}, [a]]) {
    const shown = target === "web1" ? '"web1"' : String(target);
    assertThrows(
      () => queue.call(target as unknown as Local, Date.now),
      TypeError,
      `Cannot queue call(now) for ${shown}: expected a tunnel or a Group`,
    );
    assertThrows(
      () => queue.connect(target as unknown as Local),
      TypeError,
      "Cannot queue connect()",
    );
  }
  assertThrows(
    () => queue.call(a, "hostname" as unknown as () => void),
    TypeError,
    "Cannot call hostname: it is not a function",
  );
  const group = new Group([a, new Local("b")]);
  assertThrows(() => queue.fetch(group, "/etc/hostname", "same"), TypeError);
  assertThrows(() => queue.put(group, new ReadableStream()), TypeError);
  assertThrows(() => new Queue({ concurrency: 0 }), RangeError, "concurrency is 0");
  await run(queue);
  assert(!a.connected);
});

withTunnels("Queue.run() rejects for what cannot be sent, when all else is done", async (a, b) => {
  const queue = new Queue();
  const database = new (class Database {})();
  const refused = queue.call(a, () => database);
  const all = queue.call(new Group([a, b]), () => database);
  const count = queue.call(new Group([a, b]), far.count);
  let called = false;
  refused.withCallback(() => called = true);
  const error = await rejectsAs(TypeError, queue.run());
  assertStringIncludes(error.message, "database");
  assertEquals([...count.value], [["a", 1], ["b", 1]]);
  assertStrictEquals(await rejection(refused.promise), error);
  assertStrictEquals(assertThrows(() => refused.value), error);
  assertStringIncludes((await rejectsAs(TypeError, all.promise)).message, "database");
  assertThrows(() => all.value, TypeError, "database");
  assertEquals(called, false);
  assertStringIncludes(Deno.inspect(refused), "failed: TypeError");
  // The next run has nothing to do with it.
  await run(queue);
});

for (const major of ["18", "26"] as const) {
  Deno.test(needing("node", `Queue works at the far end, on Node ${major}`, async () => {
    const node = service("node").paths[major]!;
    await using tun = new Local("here", { runtime: "node", node });
    assertEquals(await soon(tun.call(far.schedule), "schedule()"), [
      ["a1", "b1"],
      ...["a1", "rejected: all", "rejected: all", "rejected: own", "rejected: all"],
      "rejected: all",
    ]);
    assertEquals(await soon(tun.call(far.queue, "inner", { node, runtime: "node" }), "queue()"), [
      1,
      2,
    ]);
  }));
}
