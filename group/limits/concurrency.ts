import { Limiter } from "../../tunnel/operation/concurrency.ts";

/**
 * Does work on each member of a group, on `concurrency` of them at a time, in the group's order.
 *
 * @returns The results, in the group's order. Rejects with the first error.
 */
export async function onEachMember<M, R>(
  group: { readonly tunnels: readonly M[]; readonly concurrency: number },
  work: (member: M) => Promise<R>,
): Promise<R[]> {
  const limiter = new Limiter(group.concurrency);
  return await Promise.all(group.tunnels.map((member) => limiter.run(() => work(member))));
}
