import { assert, assertEquals, assertMatch } from "@std/assert";
import process from "node:process";
import {
  ConnectionError,
  ErrorResult,
  Group,
  RemoteError,
  RuntimeNotFoundError,
  SSHTunnel,
} from "../../mod.ts";
import { needing, service } from "../services/services.ts";
import { soon } from "../tunnel/_deadline.ts";
import { sshArgs } from "../tunnel/_kinds.ts";

/** How a host fails: with what, and what its result says. */
interface Trouble {
  readonly type: abstract new (...args: never[]) => Error;
  readonly text: RegExp;
}

/** What hosts do in the call, by their variable `TROUBLE`. */
async function work(n: number): Promise<number> {
  const { TROUBLE } = process.env;
  if (TROUBLE === "throws") throw new RangeError("no such luck");
  if (TROUBLE === "dies") process.kill(process.pid, "SIGKILL");
  if (TROUBLE !== undefined) await new Promise(() => {});
  return n + 1;
}

Deno.test(needing("ssh", "one GroupResult tells the truth of each of 50 hosts", async () => {
  const { hosts, refused, badKey, unverified, silent } = service("ssh");
  // All at once, on this one machine.
  const ssh = { sshArgs: sshArgs(), stderr: () => {}, connectTimeout: 100_000 };
  const good = hosts.slice(0, 40);
  const [none1 = "", none2 = "", dies1 = "", dies2 = "", throws1 = "", throws2 = ""] = hosts
    .slice(40);
  const troubles = new Map<string, Trouble>([
    [refused, { type: ConnectionError, text: /Connection refused/ }],
    [badKey, { type: ConnectionError, text: /Permission denied/ }],
    [unverified, { type: ConnectionError, text: /Host key verification failed/ }],
    [silent, { type: ConnectionError, text: /no answer within 5000 ms/ }],
    ...[none1, none2].map((host) =>
      [host, { type: RuntimeNotFoundError, text: /found no Deno/ }] as const
    ),
    ...[dies1, dies2].map((host) =>
      [host, { type: ConnectionError, text: /Lost the connection/ }] as const
    ),
    ...[throws1, throws2].map((host) =>
      [host, { type: RemoteError, text: /RangeError: no such luck/ }] as const
    ),
  ]);
  const trouble = (host: string, TROUBLE: string): SSHTunnel =>
    new SSHTunnel(host, { ...ssh, env: { TROUBLE } });
  await using group = new Group([
    refused,
    ...good.slice(0, 20),
    badKey,
    new SSHTunnel(silent, { ...ssh, connectTimeout: 5_000 }),
    unverified,
    ...[none1, none2].map((host) =>
      new SSHTunnel(host, { ...ssh, runtime: "deno", deno: "/opt/no-such-deno" })
    ),
    ...[dies1, dies2].map((host) => trouble(host, "dies")),
    ...[throws1, throws2].map((host) => trouble(host, "throws")),
    ...good.slice(20),
  ], { ssh });
  assertEquals(group.size, 50);

  const result = await soon(group.call(work, 41), "all hosts", 120_000);
  assertEquals([...result.keys()], group.hosts);
  assertEquals([...result.successful()], good.map((host) => [host, 42]));
  for (const [host, { type, text }] of troubles) {
    const { msg, error } = result.get(host) as ErrorResult;
    assert(error instanceof type, `${host}: ${Deno.inspect(error)}`);
    assertMatch(msg, text);
    assert(msg.includes(host), msg);
  }
  assertEquals([...result.failures()].length, troubles.size);

  // Those that died and those that threw are as good as before, and an abort ends what hangs.
  const [hanging = ""] = hosts.slice(46);
  const controller = new AbortController();
  const few = group.intersection([dies1, throws1, ...good.slice(0, 2)])
    .union(trouble(hanging, "hangs")).with({ signal: controller.signal });
  const seen: Record<string, unknown> = {};
  for await (const [host, value] of few.stream(work, 1)) {
    seen[host] = value instanceof ErrorResult ? value.aborted ? "aborted" : "failed" : value;
    if (Object.keys(seen).length === 4) controller.abort();
  }
  assertEquals(seen, {
    [good[0]!]: 2,
    [good[1]!]: 2,
    [dies1]: "failed",
    [throws1]: "failed",
    [hanging]: "aborted",
  });
  await few.close();
}));
