import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ConnectionError, ProtocolError, type TunnelOptions } from "../../../mod.ts";
import { HeldLines } from "../../../tunnel/connection/held_lines.ts";
import { rejectsAs } from "../_deadline.ts";
import { Driver } from "../_kinds.ts";
import { slow } from "../../services/services.ts";

/** Connects to a far end by a script, and gives what has been printed here meanwhile. */
async function connect(
  script: string,
  options: TunnelOptions = {},
): Promise<{ readonly error: Error | undefined; readonly printed: string[] }> {
  const printed: string[] = [];
  const original = console.error;
  console.error = (text: string) => printed.push(text);
  try {
    await using tun = new Driver(["sh", "-c", script, "sh"], options);
    const error = await tun.connect().then(() => undefined, (error) => error);
    return { error, printed };
  } finally {
    console.error = original;
  }
}

Deno.test("HeldLines lets a far end fill no memory, and tells few lines at a time", () => {
  const told: number[] = [];
  const held = new HeldLines((line) => told.push(Number(line)));
  let most = 0;
  for (let i = 0; i < 10_000; i++) {
    const before = told.length;
    held.push(`${i}`);
    most = Math.max(most, told.length - before, i - told.length);
  }
  assert(most <= 1_001, `${most}`);
  held.open();
  assertEquals(told, Array.from({ length: 10_000 }, (_, i) => i));
});

Deno.test("a failed connect is told once, in the error", async () => {
  const { error, printed } = await connect("echo one >&2; echo Go away >&2; exit 7");
  assertEquals(printed, []);
  assertStringIncludes(
    error!.message,
    "code 7, waiting for a shell at the far end: one ⏎ Go away\n",
  );
  assertStringIncludes((error as ConnectionError).stderr, "one\nGo away");
});

Deno.test("what is printed before a connection is there is not lost", async () => {
  const { error, printed } = await connect('echo banner >&2; exec "$@"', { deno: Deno.execPath() });
  assertEquals([error, printed], [undefined, ["[driver] banner"]]);
});

Deno.test(slow("what is printed of a long wait is told meanwhile", async () => {
  const script = "echo queued >&2; sleep 2; echo cancelled >&2; exit 7";
  const { error, printed } = await connect(script);
  assertStringIncludes(error!.message, "queued ⏎ cancelled");
  assertEquals(printed, ["[driver] queued"]);
}));

Deno.test("a function of the user's gets every line at once", async () => {
  const lines: string[] = [];
  const stderr = (line: string): void => void lines.push(line);
  const { printed } = await connect("echo Go away >&2; exit 7", { stderr });
  assertEquals([lines, printed], [["Go away"], []]);
});

Deno.test("an error that does not tell what was printed has it printed", async () => {
  const script = "echo odd >&2; IFS= read -r line; marker=${line#_csN=}; " +
    'marker=$(printf %s "${marker%%;*}" | tr -d \'"\'); ' +
    'printf "%s agent\\nno frame at all" "$marker"; sleep 1';
  const { error, printed } = await connect(script);
  assertEquals([error instanceof ProtocolError, printed], [true, ["[driver] odd"]]);
});

Deno.test("a connection that is lost later has all its lines told", async () => {
  const lines: string[] = [];
  const original = console.error;
  console.error = (text: string) => lines.push(text);
  try {
    await using tun = new Driver(["env", "A=1"], { deno: Deno.execPath() });
    const lost = tun.call(() => {
      console.error("last words");
      Deno.kill(Deno.pid, "SIGKILL");
    });
    await rejectsAs(ConnectionError, lost);
  } finally {
    console.error = original;
  }
  assertEquals(lines, ["[driver] last words"]);
});
