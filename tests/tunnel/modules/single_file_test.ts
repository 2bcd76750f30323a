/**
 * A tool that uses the library, as one file: bundled, or compiled. It runs in a folder of its own,
 * without a cache, and the far end sees neither that folder nor the sources.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { command } from "../../services/command.ts";
import { needing } from "../../services/services.ts";
import { everyAgent, Hidden } from "../_hidden.ts";
import { soon } from "../_deadline.ts";
import { makeProject } from "../_project.ts";
import { bareCommand, fakeDeno } from "../provision/_bare.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const SOURCES = new URL("../fixture/single_file/", import.meta.url).pathname;
const MINUTES = 180_000;

type Results = Record<string, unknown>;

/** The results where the functions of a module share what it keeps. */
const SHARED: Results = {
  builtin: "number",
  imported: "1m b Hello High 512 GB 1",
  again: "1m b Hello High 512 GB 2",
  closure: "8080 1s b Hello High 512 GB 3 2",
  namespace: "Disk,DiskError,Level,fail,numbers,report",
  dynamic: "5s b Hello High 512 GB 4",
  disposed: ["used", "disposed"],
  facts: "string",
  sh: "out\n",
  lines: ["a", "b"],
  stream: [1, 2, 3],
  callback: 8085,
  group: [["a", "1s b Hello High 512 GB 1"], ["b", "1s b Hello High 512 GB 1"]],
  map: [16160, 24240, 8080],
  fetched: "put",
  synced: 1,
  included: "Hello\n",
  inner: ["no error", 0],
  module: ["no error", "1s b Hello High 512 GB 5"],
};

/** The same where each call has copies of its own. */
const COPIED: Results = {
  ...SHARED,
  again: "1m b Hello High 512 GB 1",
  closure: "8080 1s b Hello High 512 GB 1 2",
  dynamic: "5s b Hello High 512 GB 1",
};

/** Runs a tool from its folder, and gives what it prints. */
async function run(
  argv: readonly string[],
  folder: string,
  options: object,
  env: Record<string, string> = {},
  far: readonly string[] = new Hidden([folder, ROOT]).command(),
): Promise<Results> {
  const args = [JSON.stringify(far), JSON.stringify({ ...options, cwd: "/" })];
  const running = command([...argv, ...args], { cwd: folder, env });
  const { stdout, stderr } = await soon(running, "the end of the tool", MINUTES);
  assertEquals(stderr, "");
  return JSON.parse(stdout);
}

/** Checks the errors, in which a bundler may have renamed functions. */
function checkErrors({ shFails, fails }: Results): void {
  const [name, message, remoteName, code] = shFails as unknown[];
  assertEquals([name, remoteName, code], ["RemoteError", "CommandError", 3]);
  assertMatch(`${message}`, /^\S+\(\) failed on far: CommandError: Command failed with code 3: /);
  const [, ownMessage, ...own] = fails as unknown[];
  assertEquals(own, ["DiskError", 28]);
  assertMatch(`${ownMessage}`, /^\S+\(\) failed on far: DiskError: no space$/);
}

for (const flags of [[], ["--minify"]]) {
  const name = ["deno bundle", ...flags].join(" ");
  Deno.test(needing(["sudo", "node"], `${name} makes one file of a tool`, async (t) => {
    await using project = await makeProject({ "motd.txt": "Hello\n" });
    const { folder } = project;
    const argv = [Deno.execPath(), "bundle", "--quiet", ...flags];
    const made = await command([...argv, "-o", `${folder}/tool.js`, `${SOURCES}tool.ts`]);
    assertEquals([made.success, made.problem], [true, ""]);
    const check = async (options: object, far?: readonly string[]): Promise<void> => {
      const tool = [Deno.execPath(), "run", "-A", "--cached-only", "tool.js"];
      const env = { DENO_DIR: `${folder}/cache` };
      const all = await run(tool, folder, options, env, far);
      const { shFails, fails, inner, module, ...results } = all;
      const { inner: _, module: __, ...expected } = COPIED;
      assertEquals(results, expected);
      checkErrors({ shFails, fails });
      const [innerName, innerReason] = inner as string[];
      assertEquals(innerName, "TypeError");
      assertMatch(innerReason!, /^Cannot send function .*; make it inside the function: this /);
      assertEquals(module, [
        "TypeError",
        `Cannot send module file://${folder}/report.ts: there is no such module`,
      ]);
    };
    for (const [agent, options] of Object.entries(everyAgent())) {
      await t.step(agent, () => check(options));
    }
    await t.step("a Deno that the tool brings", async () => {
      await Deno.writeTextFile(`${folder}/fake_deno`, fakeDeno());
      const provision = { from: `${folder}/fake_deno` };
      await check({ provision }, bareCommand({ home: folder }));
      await Deno.stat(`${folder}/.cache/chopsticks/deno-${Deno.version.deno}`);
    });
  }));
}

Deno.test(needing(
  ["sudo", "node"],
  "a tool needs neither the command line of Deno nor its compiler, which a compiled one lacks",
  async (t) => {
    await using project = await makeProject({});
    const { folder } = project;
    const preload = ["--preload", `${SOURCES}as_compiled.ts`];
    const argv = [Deno.execPath(), "run", "-A", "--quiet", "--no-check", ...preload];
    for (const [agent, options] of Object.entries(everyAgent())) {
      await t.step(agent, async () => {
        const { shFails, fails, ...results } = await run(
          [...argv, `${SOURCES}tool.ts`],
          folder,
          options,
        );
        assertEquals(results, SHARED);
        checkErrors({ shFails, fails });
      });
    }
  },
));

Deno.test(needing(
  ["sudo", "node", "compiler"],
  "deno compile makes one program of a tool, whose modules stay apart",
  async (t) => {
    await using project = await makeProject({});
    const { folder } = project;
    const argv = [Deno.execPath(), "compile", "--quiet", "--no-check", "-A"];
    const own = ["--include", `${SOURCES}motd.txt`, "-o", `${folder}/tool`, `${SOURCES}tool.ts`];
    const made = await command([...argv, ...own]);
    assertEquals([made.success, made.problem], [true, ""]);
    for (const [agent, options] of Object.entries(everyAgent())) {
      await t.step(agent, async () => {
        const { shFails, fails, ...results } = await run([`${folder}/tool`], folder, options);
        assertEquals(results, SHARED);
        checkErrors({ shFails, fails });
      });
    }
  },
));
