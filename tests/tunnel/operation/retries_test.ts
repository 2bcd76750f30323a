import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { ConnectionError, Local, type TunnelOptions } from "../../../mod.ts";
import { Retries, retryDelay } from "../../../tunnel/operation/retries.ts";
import { rejectsAs, soon } from "../_deadline.ts";
import { Driver } from "../_kinds.ts";
import { slow } from "../../services/services.ts";

const REFUSED = "ssh: connect to host web1 port 22: Connection refused";

/** A far end that says `line` and ends, as often as `failures` says, and then lets agents in. */
class Booting extends Driver implements AsyncDisposable {
  readonly #folder: string;

  constructor(failures: number, line: string, options: TunnelOptions = {}) {
    const folder = Deno.makeTempDirSync();
    const script =
      'echo x >>"$1/tried";[ $(wc -l <"$1/tried") -gt $2 ]||{ echo "$3" >&2;exit 255;};' +
      'shift 3;exec "$@"';
    super(["sh", "-c", script, "sh", folder, `${failures}`, line], { stderr() {}, ...options });
    this.#folder = folder;
  }

  get attempts(): number {
    return Deno.readTextFileSync(`${this.#folder}/tried`).length / 2;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

Deno.test("retryDelay() is 1, 2, 4 … s, at most 30, and up to half of it less", () => {
  const longest = Array.from({ length: 8 }, (_, i) => retryDelay(i, () => 1));
  assertEquals(longest, [1, 2, 4, 8, 16, 30, 30, 30].map((seconds) => seconds * 1_000));
  assertEquals(retryDelay(2, () => 0), 2_000);
  assertEquals(retryDelay(2_000, () => 0), 15_000);
});

Deno.test("Retries counts an attempt once, however many wait for it", async () => {
  const delays: number[] = [];
  const retries = new Retries(2, (count) => {
    delays.push(count);
    return 0;
  });
  const [first, second, third, fourth] = [{}, {}, {}, {}];
  await Promise.all([retries.pauseAfter(first, undefined), retries.pauseAfter(first, undefined)]);
  await retries.pauseAfter(second, undefined);
  assertEquals(retries.pauseAfter(third, undefined), undefined);
  assertEquals(retries.pauseAfter(third, undefined), undefined);
  // What is begun after that has all its attempts.
  await retries.pauseAfter(fourth, undefined);
  assertEquals(delays, [0, 1, 0]);
});

Deno.test(slow("connectRetries: a tunnel waits for a host that is still booting", async () => {
  await using tun = new Booting(2, REFUSED, { connectRetries: 2 });
  const calls = [1, 2, 3].map((n) => tun.call(Math.max, n, 2));
  assertEquals(await soon(Promise.all(calls), "the calls"), [2, 2, 3]);
  assertEquals(tun.attempts, 3);
}));

Deno.test(slow("connectRetries: the last failure is the error, and others begin anew", async () => {
  await using tun = new Booting(3, REFUSED, { connectRetries: 1 });
  const { message } = await rejectsAs(ConnectionError, tun.connect());
  assert(message.split("\n")[0]!.endsWith("port 22: Connection refused"));
  assertEquals(tun.attempts, 2);
  assertEquals(await soon(tun.call(Math.max, 1, 2), "a call"), 2);
  assertEquals(tun.attempts, 4);
}));

Deno.test("connectRetries: what time does not mend is tried once", async () => {
  for (
    const line of [
      "me@web1: Permission denied (publickey,password).",
      "Host key verification failed.",
      "ssh: Could not resolve hostname wbe1: Name or service not known",
    ]
  ) {
    await using tun = new Booting(9, line, { connectRetries: 9 });
    await rejectsAs(ConnectionError, tun.connect());
    assertEquals(tun.attempts, 1, line);
  }
  await using none = new Local("here", { deno: "/no", node: "/no", connectRetries: 9 });
  await soon(rejectsAs(ConnectionError, none.connect()), "an error");
  await using refused = new Booting(9, REFUSED);
  await rejectsAs(ConnectionError, refused.connect());
  assertEquals(refused.attempts, 1);
});

Deno.test("connectRetries: a connection that was lost later is not made anew", async () => {
  await using tun = new Booting(0, REFUSED, { connectRetries: 9 });
  const kill = tun.call(() => {
    console.error("Connection refused");
    Deno.kill(Deno.pid, "SIGKILL");
  });
  await rejectsAs(ConnectionError, kill);
  assertEquals(tun.attempts, 1);
});

Deno.test("connectRetries: close() and a signal end the waiting", async () => {
  await using tun = new Booting(9, REFUSED, { connectRetries: 9 });
  const signal = AbortSignal.timeout(200);
  const aborted = assertRejects(() => tun.with({ signal }).connect(), DOMException);
  const closed = rejectsAs(ConnectionError, tun.connect());
  await soon(aborted, "the abort");
  await tun.close();
  assertStringIncludes((await soon(closed, "the end of the waiting")).message, "was closed");
});

Deno.test("connectRetries is a number of attempts", () => {
  for (const connectRetries of [-1, 1.5, NaN, Infinity, "3", null]) {
    const options = { connectRetries } as TunnelOptions;
    assertThrows(() => new Local("here", options), RangeError, "connectRetries is ");
  }
});
