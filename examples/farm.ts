// Counts the digits of large factorials, on four processors of each host, with three retries.
import { Group, hosts, Tunnel } from "@chopsticks/chopsticks";
const [names = "node[1-4]"] = Deno.args;

function digits(n: number) {
  let factorial = 1n;
  for (let i = 2; i <= n; i++) factorial *= BigInt(i);
  return factorial.toString().length;
}
// A member is one process, which works on one item at a time. So each host is four members here.
await using farm = new Group(
  hosts(names).flatMap((host) => {
    return [1, 2, 3, 4].map((i) => new Tunnel(host, { name: `${host}-${i}` }));
  }),
);
const numbers = [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 10_000];
for await (const { item, value, host, error } of farm.map(numbers, digits, { retries: 3 })) {
  if (error !== undefined) throw error.error;
  console.log(`${item}! has ${value} digits, says ${host}`);
}
