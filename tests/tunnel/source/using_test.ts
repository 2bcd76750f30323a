import { inflateRawSync } from "node:zlib";
import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { decode, encode } from "../../../codec/mod.ts";
import { Request } from "../../../agent/protocol/request.ts";
import { Local, ProtocolError, RemoteError, type SubprocessTunnel } from "../../../mod.ts";
import { linkOf } from "../../../tunnel/operation/link.ts";
import { needing, NODE_MAJORS, type NodeMajor, service } from "../../services/services.ts";
import { rejectsAs, soon } from "../_deadline.ts";
import { kindNamed, type Runtime } from "../_kinds.ts";
import { IMPORT_COMPARE, projectTest } from "../_project.ts";
import { fail, happened, required } from "../fixture/using_module.ts";

const RUNTIMES: readonly Runtime[] = ["deno", ...NODE_MAJORS];
/** Agents whose engines have no `using` declarations. */
const OLD: readonly Runtime[] = ["18", "20", "22"];

/** Connects, and from then on notes the batches that the agent wants to have lowered. */
async function spyOnLowering(tun: SubprocessTunnel): Promise<number[]> {
  await tun.connect();
  const session = linkOf(tun).core.session!;
  const lowered: number[] = [];
  const handle = session.handleChannel.bind(session);
  session.handleChannel = (channel, header) => {
    const [kind, batch] = decode(header) as number[];
    if (kind === Request.LOWER) lowered.push(batch!);
    return handle(channel, header);
  };
  return lowered;
}

for (const runtime of RUNTIMES) {
  const { name, needs, open } = kindNamed(
    `Local, ${runtime === "deno" ? "Deno" : `Node ${runtime}`}`,
  );
  const isOld = OLD.includes(runtime);

  Deno.test(needing(needs, `${name}: what has using declarations runs`, async (t) => {
    await using tun = open();
    const lowered = await spyOnLowering(tun);

    await t.step("functions by value", async () => {
      const order = await soon(
        tun.call(async () => {
          const order: string[] = [];
          {
            await using _later = { [Symbol.asyncDispose]: async () => void order.push(await "2") };
            using _sooner = { [Symbol.dispose]: () => void order.push("1") };
            order.push("0");
          }
          return order;
        }),
        "a function by value",
      );
      assertEquals(order, ["0", "1", "2"]);
    });

    await t.step("modules", async () => {
      const first = ["second, later", "second", "first"];
      assertEquals(await tun.call(happened), first);
      assertEquals(await tun.call(happened), [...first, "inner"]);
      assertEquals(await tun.call(required), { before: 0, events: [0] });
    });

    await t.step("errors and their positions", async () => {
      const error = await rejectsAs(RemoteError, tun.call(fail));
      assertEquals(error.remoteName, "SuppressedError");
      const { error: later, suppressed } = error.cause as SuppressedError;
      assertEquals(String(later), "RangeError: from a disposal");
      assertEquals(String(suppressed), "TypeError: from a block");
      const url = import.meta.resolve("../fixture/using_module.ts");
      const lines = (await Deno.readTextFile(new URL(url))).split("\n");
      const line = lines.findIndex((one) => one.endsWith("// block"));
      const column = lines[line]!.indexOf("new") + 1;
      assertStringIncludes((suppressed as Error).stack!, `${url}:${line + 1}:${column}`);
      assertMatch(
        error.remoteStack!,
        new RegExp(`^[^\n]*\n    at fail \\(${url}:\\d+:\\d+\\)`),
      );
    });

    await t.step("and is asked for only where it has to be", async () => {
      const asked = lowered.length;
      assertEquals(asked > 0, isOld);
      assertEquals(
        await tun.call(happened),
        await tun.call(happened).then((all) => all.slice(0, -1)),
      );
      assertEquals(await tun.call(() => "using it = nothing"), "using it = nothing");
      const { using } = { using: [1] };
      assertEquals(await tun.call(() => using[0]), 1);
      assertEquals(lowered.length, asked);
      assertEquals(new Set(lowered).size, asked);
    });
  }));
}

/** The runtimes of an agent, and of another agent behind it. */
const HOPS: readonly (readonly ["deno" | NodeMajor, "deno" | NodeMajor])[] = [["18", "18"], [
  "deno",
  "18",
], [
  "18",
  "deno",
]];

for (const hop of HOPS) {
  const title = `await using in a function at the far end, ${hop.join(" -> ")}`;
  Deno.test(needing(["deno", "node"], title, async () => {
    const [outer, inner] = hop.map((runtime) =>
      runtime === "deno"
        ? { runtime: "deno", deno: service("deno").path } as const
        : { runtime: "node", node: service("node").paths[runtime] } as const
    );
    await using tun = new Local("outer", outer);
    const offset = 40;
    const result = await soon(
      tun.call(async () => {
        const events: string[] = [];
        const make = (name: string): Disposable => ({
          [Symbol.dispose]: () => void events.push(name),
        });
        {
          await using tun = new Local("inner", inner);
          using _own = make("own");
          const sum = await tun.call((n) => {
            const seen: number[] = [];
            {
              using _far = { [Symbol.dispose]: () => void seen.push(n + offset) };
            }
            return seen;
          }, 2);
          events.push(...sum.map(String));
          events.push(...await tun.call(happened));
        }
        return events;
      }),
      "the answer of both",
    );
    assertEquals(result, ["42", "second, later", "second", "first", "own"]);
  }));
}

Deno.test(projectTest(
  "modules with using declarations at their top level export what they do here",
  {
    "main.ts": `${IMPORT_COMPARE}
      import * as all from "./all.ts";
      import { error } from "./failing.ts";
      const { value, other, later, Shape, changed, change, seen } = all;
      await compare({
        values: () => [value, other(), later, new Shape().side, Shape.name, typeof all.default],
        names: () => Object.keys(all),
        live: () => [(change(), all.changed), all.seen],
        inCycle: () => all.early,
        error: () => error,
        where: () => all.where(),
      });`,
    "all.ts": `import { early, make } from "./cycle.ts";
      export { early };
      export const seen: string[] = [];
      export const { value, list: [other = () => 3] } = { value: 1, list: [] as (() => number)[] }
      export let changed = 1
      await using all = make("all", seen), more = make("more", seen)
      ;[].length;
      export function hoisted(): string { return "hoisted"; }
      export function change(): void { changed++; }
      export class Shape { side = value; }
      export const later = await Promise.resolve(5)
      export default class {}
      seen.push("end");
      export function where(): string[] {
        const found: string[] = [];
        const here = () => found.push(/(\\d+:\\d+)\\)?$/.exec(new Error().stack!.split("\\n")[2]!)![1]!);
        using one = (here(), make("one", [])); here();
        here();
        for (using x of [make("x", [])]) {
          here();
        }
        here();
        return [found[0]!, ...found.slice(1).map((one) => one.split(":")[0]!)];
      }`,
    "cycle.ts": `import { hoisted } from "./all.ts";
      export const early = hoisted();
      export const make = (name: string, seen: string[]) => ({
        [Symbol.dispose]() { seen.push(name); },
        async [Symbol.asyncDispose]() { await null; seen.push(name + " later"); },
      });`,
    "failing.ts": `let thrown: unknown;
      export const error = await import("./throwing.ts").catch((error) => [error.name, error.message]);`,
    "throwing.ts": `using one = { [Symbol.dispose]() { throw new Error("not thrown by itself"); } };
      export const never = ((): never => { throw new Error("thrown") })();`,
  },
  {
    values: [1, 3, 5, 1, "Shape", "function"],
    names: [
      ...["Shape", "change", "changed", "default", "early", "hoisted", "later", "other", "seen"],
      ...["value", "where"],
    ],
    live: [2, ["end", "more later", "all later"]],
    inCycle: "hoisted",
    error: ["SuppressedError", "An error was suppressed during disposal"],
    where: ["17:22", "17", "18", "20", "22"],
  },
));

Deno.test("what was sent is lowered once, and nothing else is", async () => {
  await using tun = new Local("here", { runtime: "deno", deno: Deno.execPath() });
  await tun.connect();
  const session = linkOf(tun).core.session!;
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  const ask = (batch: number): void =>
    session.handleChannel({ send: resolve } as never, encode([Request.LOWER, batch]));
  await tun.call(() => {
    using nothing = null;
    return nothing;
  });
  ask(0);
  const [[index, source], ...others] = decode(inflateRawSync(await promise)) as [[number, string]];
  // The part of the agent that loads modules is the first.
  assertEquals([index, others], [1, []]);
  assertStringIncludes(source, "const nothing = null");
  assertThrows(() => ask(0), ProtocolError, "request that a controller does not take");
});
