/** Something that is measured: does it once, and says what it cost. */
export type Task = () => Promise<number>;

/** Runs `work` and gives how long it took, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** The middle one of some numbers. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}

/**
 * The median of each task over `rounds` rounds, in which all have their turn, so that a machine that
 * is busy for a while slows down all alike. One round more, the first, does not count.
 */
export async function measure<K extends string>(
  rounds: number,
  tasks: Record<K, Task>,
): Promise<Record<K, number>> {
  const names = Object.keys(tasks) as K[];
  const costs = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    K,
    number[]
  >;
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const cost = await tasks[name]();
      if (round > 0) costs[name].push(cost);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(costs[name])])) as Record<K, number>;
}

/** What {@linkcode printRatio} shows. */
export interface Ratio {
  readonly what: string;
  readonly ours: number;
  readonly baseline: number;
  /** Of both numbers. */
  readonly unit: string;
  /** What the ratio should be at most. */
  readonly aim?: number;
}

/** Prints what a group of ratios is about. */
export function printTitle(title: string): void {
  console.log(`\n${title}`);
}

/** Prints a ratio, of which less is better. */
export function printRatio({ what, ours, baseline, unit, aim }: Ratio): void {
  const ratio = ours / baseline;
  const digits = baseline < 10 ? 2 : baseline < 100 ? 1 : 0;
  const verdict = aim === undefined ? "" : ratio <= aim ? `aim ≤ ${aim}` : `aim ≤ ${aim}: MISSED`;
  console.log(
    `  ${what.padEnd(44)}${ratio.toFixed(2).padStart(7)} ×   ` +
      `${ours.toFixed(digits)} / ${baseline.toFixed(digits)} ${unit}`.padEnd(26) + verdict,
  );
}
