/**
 * Connections: when they are made, when they end, and what is lost with them.
 *
 * ```sh
 * deno run -A examples/reconnect.ts             # two processes of this machine
 * deno run -A examples/reconnect.ts web1 web2   # hosts, over ssh
 * ```
 */
import process from "node:process";
import { Group, Local } from "@chopsticks/chopsticks";

/** Counts calls at the far end. The count is lost with the connection. */
function count(): number {
  const state = globalThis as { calls?: number };
  state.calls = (state.calls ?? 0) + 1;
  return state.calls;
}

const hosts = Deno.args.length > 0 ? Deno.args : ["a", "b"].map((name) => new Local(name));
const group = new Group(hosts);

async function report(what: string): Promise<void> {
  const calls = (await group.call(count)).raiseFailures();
  const pids = (await group.call(() => process.pid)).raiseFailures();
  const told = [...calls].map(([host, n]) => `${host} call ${n} (process ${pids.get(host)})`);
  console.log(`${what}: ${told.join(", ")}`);
}

// A tunnel connects when it is first used, or when connect() is called.
(await group.connect()).raiseFailures();
await report("Connected ahead");
await report("The same connection");
await group.close();

// A closed tunnel can be used again. New processes answer then, without the state of the old ones.
await report("Connected anew");
await group.close();

{
  await using again = group;
  await report(`Until the block ends, ${again.size} hosts`);
}
console.log("Still connected:", group.tunnels.some((tunnel) => tunnel.connected));
