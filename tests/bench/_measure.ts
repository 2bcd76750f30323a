/** Work to measure: does it once and gives its cost. */
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
 * The median of each task over `rounds` rounds. Each round runs every task once, so that a machine
 * that is busy for a while slows all of them down alike. A first round is run but not counted.
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

/** A cost in relation to a baseline, for {@linkcode printRatio}. */
export interface Ratio {
  readonly what: string;
  readonly ours: number;
  readonly baseline: number;
  /** The unit of both numbers. */
  readonly unit: string;
  /** The highest ratio that is good enough. */
  readonly aim?: number;
}

/** Prints the title of a group of ratios. */
export function printTitle(title: string): void {
  console.log(`\n${title}`);
}

/** Prints a ratio. Less is better. */
export function printRatio({ what, ours, baseline, unit, aim }: Ratio): void {
  const ratio = ours / baseline;
  const digits = baseline < 10 ? 2 : baseline < 100 ? 1 : 0;
  const verdict = aim === undefined ? "" : ratio <= aim ? `aim ≤ ${aim}` : `aim ≤ ${aim}: MISSED`;
  console.log(
    `  ${what.padEnd(44)}${ratio.toFixed(2).padStart(7)} ×   ` +
      `${ours.toFixed(digits)} / ${baseline.toFixed(digits)} ${unit}`.padEnd(26) + verdict,
  );
}
