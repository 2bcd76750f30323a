import { assertEquals } from "@std/assert";
import { needing } from "../services/services.ts";
import { until } from "../tunnel/operation/_files.ts";
import { churn } from "./_churn.ts";
import { contentOf, damageOf } from "./_contents.ts";
import { damagedIn, incompleteIn } from "./_damage.ts";
import { MARK, partsOf } from "./_parts.ts";
import { describePlan, planOf } from "./_plan.ts";

/** How many moments; `deno task churn` runs 300 of any seed. */
const MOMENTS = 40;

/** One that is always the same, so that a change which fails is to blame. */
const SEED = 1;

Deno.test(
  needing(
    ["ssh", "deno", "node"],
    `${MOMENTS} random kills leave nothing unsettled, damaged or behind`,
    async () => {
      const failures = await churn({
        seed: SEED,
        moments: Array.from({ length: MOMENTS }, (_, i) => i),
        lanes: 6,
      });
      assertEquals(failures, [], failures.join("\n"));
    },
  ),
);

Deno.test("planOf() gives the same for the same seed, and everything among 1,000", () => {
  const plans = Array.from({ length: 1000 }, (_, i) => planOf(7, i));
  assertEquals(plans, Array.from({ length: 1000 }, (_, i) => planOf(7, i)));
  const hits = new Set(plans.map(({ way, target, how }) => `${way} ${target} ${how}`));
  assertEquals(hits.size, 41, [...hits].sort().join("\n"));
  assertEquals(new Set(plans.map(({ runtime }) => runtime)).size, 6);
  assertEquals(new Set(plans.map(describePlan)).size > 900, true);
});

Deno.test("damageOf() sees a part of a file, and a mixture of two", () => {
  for (const version of [0, 1, 100, 2 ** 31]) {
    const bytes = contentOf(version);
    assertEquals(damageOf(bytes), undefined);
    for (const end of [0, 3, 8, bytes.length - 1]) {
      assertEquals(typeof damageOf(bytes.subarray(0, end)), "string");
    }
    const mixed = bytes.slice();
    mixed.set(contentOf(version + 1).subarray(8, 20), 8);
    assertEquals(typeof damageOf(mixed), "string");
  }
});

Deno.test("damagedIn() and incompleteIn() look into folders", async () => {
  const folder = await Deno.makeTempDir();
  try {
    Deno.mkdirSync(`${folder}/a/b`, { recursive: true });
    Deno.writeFileSync(`${folder}/a/whole`, contentOf(5));
    Deno.writeFileSync(`${folder}/a/b/part`, contentOf(5).subarray(1));
    Deno.writeFileSync(`${folder}/a/b/.chopsticks-1-2-3`, new Uint8Array());
    assertEquals(damagedIn(folder).map((text) => text.split(" ")[0]), ["a/b/part"]);
    assertEquals(damagedIn(folder, ["a/b/"]), []);
    assertEquals(incompleteIn(folder), ["a/b/.chopsticks-1-2-3"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "partsOf() finds children, and those that are marked",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const mark = crypto.randomUUID();
    const script = "sleep 1000 & echo up; wait";
    const [own, marked] = [{}, { [MARK]: mark }].map((env) =>
      new Deno.Command("sh", { args: ["-c", script], env, stdout: "piped" }).spawn()
    ) as [Deno.ChildProcess, Deno.ChildProcess];
    const readers = [own, marked].map(({ stdout }) => stdout.getReader());
    for (const reader of readers) await reader.read();
    // A child is a shell until it has become `sleep`.
    let found = partsOf({ mark, pids: [own.pid] });
    const commands = () => found.map(({ command }) => command.replace(/^\S*\//, "")).sort();
    const expected = [`sh -c ${script}`, "sleep 1000", "sleep 1000"];
    try {
      await until(() => {
        found = partsOf({ mark, pids: [own.pid] });
        return commands().join() === expected.join();
      }, "sleep").catch(() => {});
      assertEquals(commands(), expected);
      assertEquals(found.some(({ pid }) => pid === marked.pid), true);
    } finally {
      for (const { pid } of found) Deno.kill(pid, "SIGKILL");
      own.kill("SIGKILL");
      for (const reader of readers) await reader.cancel();
      await Promise.all([own.status, marked.status]);
    }
  },
});
