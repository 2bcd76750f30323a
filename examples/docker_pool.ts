/**
 * An instant cluster: each host starts a pool of Docker containers and divides its work among them.
 *
 * ```sh
 * deno run -A examples/docker_pool.ts             # on this machine
 * deno run -A examples/docker_pool.ts big1 big2   # on hosts, over ssh
 * ```
 */
import { Docker, Group, Local } from "@chopsticks/chopsticks";

/** How many containers each host starts. */
const CONTAINERS = 2;
/** How many numbers each host has to test. */
const RANGE = 100_000;

/** Counts the primes in a range, the slow way. */
function countPrimes(from: number, to: number): number {
  let count = 0;
  for (let n = Math.max(2, from); n < to; n++) {
    let divisor = 2;
    while (divisor * divisor <= n && n % divisor !== 0) divisor++;
    if (divisor * divisor > n) count++;
  }
  return count;
}

/** Runs on a host: divides the range among the containers of that host. */
async function usePool(name: string, from: number, to: number): Promise<number> {
  await using pool = new Group(
    Array.from({ length: CONTAINERS }, (_, i) => new Docker(`${name}-${i}`)),
  );
  (await pool.connect()).raiseFailures();
  const share = Math.ceil((to - from) / pool.size);
  const counts = pool.tunnels.map((tunnel, i) => {
    const begin = from + i * share;
    return tunnel.call(countPrimes, begin, Math.min(to, begin + share));
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count);
}

const hosts = Deno.args.length > 0 ? Deno.args : [new Local("here")];

await using group = new Group(hosts);
const totals = await Promise.all(group.tunnels.map(async (tunnel, i) => {
  const [from, to] = [i * RANGE, (i + 1) * RANGE];
  const total = await tunnel.call(usePool, `chopsticks-${Deno.pid}-${i}`, from, to);
  console.log(`${tunnel.host}: ${total} primes from ${from} to ${to}`);
  return total;
}));
console.log(`In all: ${totals.reduce((sum, total) => sum + total)}`);
