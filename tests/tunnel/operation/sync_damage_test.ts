import { assert, assertEquals } from "@std/assert";
import fs from "node:fs";
import { Random } from "../../agent/_random.ts";
import { needing, service, slow } from "../../services/services.ts";
import { soon } from "../_deadline.ts";
import { Driver } from "../_kinds.ts";
import { listing, make, newTrees, setTime, waysOf } from "../fixture/tree_ways.ts";
import { bytesOf, strayIn } from "./_files.ts";

const RELAY = new URL("../fixture/flip_relay.ts", import.meta.url).pathname;

/** How many bytes are changed in each direction: one in each of so many runs. */
const RUNS = 12;

/** The lines of a listing that tell of something to which the bytes of a transfer went. */
function contentsOf(root: string): string[] {
  return listing(root).filter((line) => / (file|->) /.test(line));
}

async function damage(options: { readonly runtime: "deno" | "node"; readonly node?: string }) {
  const random = new Random(1);
  for (const [name, direction] of [["fetchDir", "out"], ["sync", "in"]] as const) {
    let failures = 0;
    for (let run = 0; run < RUNS; run++) {
      await using trees = await newTrees();
      const { source, target, folder } = trees;
      make(source, {
        ...Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`f${i}`, `${i}`.repeat(500)])),
        ...{ "large": bytesOf(400_000), "link": { to: "f1" }, "d/e/f": "1" },
      });
      for (const path of ["f1", "d/e/f"]) fs.chmodSync(`${source}/${path}`, 0o600);
      // The last digits of a time are rounded by Node.
      for (const path of [...fs.readdirSync(source), "d/e/f"]) setTime(`${source}/${path}`, 1e9);
      const position = run === 0 ? 200_000 : random.below(480_000);
      const command = [Deno.execPath(), "run", "-A", "--no-check", RELAY, direction];
      const tun = new Driver([...command, `${position}`, folder.at("start")], {
        ...{ stderr: () => {}, keepAlive: 1_500, ...options },
      });
      try {
        await tun.put({ text: "" }, folder.at("loaded"));
        folder.write("start", "");
        const running = waysOf(tun)[name](source, target);
        const what = `${name}() with another byte ${position}`;
        const error = await soon(running.then(() => undefined, (error) => error), what);
        if (error !== undefined) failures++;
        const sent = new Set(contentsOf(source));
        const arrived = fs.existsSync(target) ? contentsOf(target) : [];
        assertEquals(arrived.filter((line) => !sent.has(line)), [], `${what}: ${error}`);
        // A byte behind the last one may do no harm.
        if (error === undefined) assertEquals(arrived.length, sent.size, what);
      } finally {
        await tun.close();
      }
      if (fs.existsSync(target)) assertEquals(strayIn(target), []);
    }
    assert(failures > RUNS / 2, `${name}() noticed only ${failures} of ${RUNS}`);
  }
}

const NAME = "sync() and fetchDir() put nothing damaged in place";

Deno.test(slow(`${NAME}, on Deno`, () => damage({ runtime: "deno" })));

Deno.test(needing(["node"], `${NAME}, on Node 18`, async () => {
  await damage({ runtime: "node", node: service("node").paths["18"] });
}));
