import { assert, assertEquals, assertMatch } from "@std/assert";
import { command } from "../services/command.ts";
import { slow } from "../services/services.ts";
import { soon } from "./_deadline.ts";
import type { Damage } from "./fixture/attacked.ts";
import { ATTACKS } from "./fixture/attacks.ts";

const MIB = 2 ** 20;

/** The most memory that an attack may take, in MiB. They took up to 12 GiB. */
const MEMORY = 1536;

/**
 * For so many milliseconds of processor time, which other programs do not use up, a far end may
 * block the event loop for each MiB that it sends; three times as long where the compiler and the
 * garbage collector have a part in it.
 */
const BLOCKED = 300;

/** How attacks end that the controller does not bear with. All others leave the connection open. */
const OUTCOMES: Readonly<Record<string, RegExp>> = {
  "callbacks are given up when they run, and called again":
    /more than 10000 callbacks run at once$/,
  "callbacks give streams that nobody reads": /calls back without reading the answers$/,
  "long names of modules are refused and not read": /requests of more than 67108864 bytes at once$/,
  "reverse: the address is none": /^ProtocolError: The far end broke the protocol of reverse\(\)$/,
  "reverse: the number of a connection is none":
    /^ProtocolError: The far end broke the protocol of reverse\(\)$/,
  "modules are asked for with long types": /requests of more than 67108864 bytes at once$/,
  "a request has billions of holes": /a request that a controller does not take$/,
  "a handle has billions of holes": /cannot be read: It has a handle that is not an array$/,
  "a handle is of a class with escapes": /cannot be read: \\x1b.* is not a class whose/,
  "a message of V8 has escapes": /cannot be read: Value \\x1b/,
  "throws what reads like a missing method, at length": /^RemoteError: /,
  "throws errors with billions of holes": /^RemoteError: /,
  "a result is empty maps": /it takes more than 268435456 bytes of memory/,
  "a thrown value is empty maps": /it takes more than 268435456 bytes of memory/,
  "a result is a Set whose members V8 hashes alike": /takes (too long|more than)/,
  "a result is one RegExp that takes long to compile": /takes (too long|more than)/,
  "a result is many RegExps": /takes (too long|more than)/,
  "a result is objects whose keys are integers": /^a result: object$|takes (too long|more than)/,
  "returns an error": /^a result: object$/,
  "throws an error": /^RemoteError: /,
  "requests are refused and not read": /requests of more than 67108864 bytes at once$/,
};

/** What is served to the far end. */
async function makeServed(): Promise<string> {
  const folder = await Deno.makeTempDir();
  await Deno.symlink(".", `${folder}/up`);
  await Deno.writeFile(`${folder}/large`, new Uint8Array(50 * MIB));
  await Deno.mkdir(`${folder}/many`);
  for (let i = 0; i < 5000; i++) Deno.writeTextFileSync(`${folder}/many/with a long name ${i}`, "");
  const numbers = Array.from({ length: 10_000 }, (_, i) => `  ${i},\n`).join("");
  await Deno.writeTextFile(`${folder}/module.ts`, `export const all: number[] = [\n${numbers}];\n`);
  return folder;
}

Deno.test(slow("a hostile far end takes neither memory nor time", async (t) => {
  const script = new URL("fixture/attacked.ts", import.meta.url).pathname;
  const folder = await makeServed();
  try {
    for (const name of Object.keys(ATTACKS)) {
      await t.step(name, async () => {
        const argv = [Deno.execPath(), "run", "-A", "--no-check", script, name, folder];
        const { stdout, stderr } = await soon(command(argv), name, 180_000);
        assertEquals(stderr, "");
        const damage: Damage = JSON.parse(stdout);
        const { sent, memory, blocked, outcome } = damage;
        const shown = JSON.stringify(damage);
        // deno-lint-ignore no-control-regex -- a terminal obeys them
        assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.exec(damage.printed), null, shown);
        assertMatch(outcome, OUTCOMES[name] ?? OUTCOMES[name.split(":")[0]!] ?? /^open$/);
        assert(memory < MEMORY * MIB, shown);
        assert(blocked < BLOCKED * Math.max(3, sent / MIB), shown);
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}));
