/**
 * A first look: facts of this machine through a `Local` tunnel, then two tunnels at once and, if
 * this machine accepts ssh to localhost, the same facts over ssh. Run it with `deno task demo`.
 */
import {
  ConnectionError,
  Group,
  Local,
  SSHTunnel,
  type SubprocessTunnel,
} from "@chopsticks/chopsticks";
import { disks, hostname, ip, memory, os, runtime } from "@chopsticks/chopsticks/facts";

const GIB = 1024 ** 3;
// A function of this file can use its variables at the far end, too.
const greeting = "Hello from";

function greet(): string {
  return `${greeting} process ${Deno.pid} on ${hostname()}`;
}

async function tell(tun: SubprocessTunnel): Promise<void> {
  const begun = performance.now();
  console.log(`\n${tun}`);
  console.log(`  ${await tun.call(greet)}`);
  const ready = Math.round(performance.now() - begun);
  const [address, system, agent, { total, available }, mounts] = await Promise.all([
    tun.call(ip),
    tun.call(os),
    tun.call(runtime),
    tun.call(memory),
    tun.call(disks),
  ]);
  console.log(`  ${system.name} ${system.version ?? ""} on ${system.arch}, at ${address}`);
  console.log(`  agent: ${agent.name} ${agent.version}, first answer after ${ready} ms`);
  console.log(`  memory: ${gib(available)} of ${gib(total)} GiB available`);
  for (const { mountPoint, available, size } of mounts) {
    console.log(`  ${mountPoint}: ${gib(available)} of ${gib(size)} GiB free`);
  }
  const squares = await tun.call((numbers: number[]) => numbers.map((n) => n ** 2), [1, 2, 3]);
  console.log(`  squares made there: ${squares}`);
  await tun.call(() => console.log("what is printed there is shown here"));
}

function gib(bytes: number): string {
  return (bytes / GIB).toFixed(1);
}

await using local = new Local("here", { runtime: "deno" });
await tell(local);

await using group = new Group([local, new Local("there", { runtime: "deno" })]);
console.log(`\n${await group.call(runtime)}`);

await using ssh = new SSHTunnel("localhost", {
  runtime: "deno",
  deno: Deno.execPath(),
  connectTimeout: 5_000,
  sshArgs: ["-o", "BatchMode=yes", "-o", "ConnectTimeout=3"],
});
try {
  await ssh.connect();
} catch (error) {
  if (!(error instanceof ConnectionError)) throw error;
  console.log(`\nNo ssh to localhost here: ${error.stderr.split("\n").at(-1) || "no answer"}`);
}
if (ssh.connected) await tell(ssh);
