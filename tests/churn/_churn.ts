import { services } from "../services/services.ts";
import { Lane } from "./_lane.ts";
import { type Outcome, runMoment } from "./_moment.ts";
import { describePlan, planOf } from "./_plan.ts";

/** Options for {@linkcode churn}. */
export interface ChurnOptions {
  readonly seed: number;
  /** The numbers of the moments. */
  readonly moments: Iterable<number>;
  /** How many moments run side by side. */
  readonly lanes: number;
  /** Told of each moment when it has passed. */
  readonly onMoment?: (outcome: Outcome) => void;
}

/**
 * Runs moments, in lanes side by side.
 *
 * @returns A text for each that went wrong.
 */
export async function churn(options: ChurnOptions): Promise<string[]> {
  const { seed, lanes, onMoment } = options;
  const folder = `${services.folder}/churn`;
  Deno.mkdirSync(folder);
  const rest = Iterator.from(options.moments);
  const failures: string[] = [];
  const work = async (_: unknown, number: number): Promise<void> => {
    await using lane = await Lane.create(`${folder}/${number}`, number);
    for (const moment of rest) {
      const plan = planOf(seed, moment);
      const outcome = await runMoment(lane, plan);
      onMoment?.(outcome);
      if (outcome.problems.length === 0) continue;
      failures.push([
        `Moment ${moment} of seed ${seed}: ${describePlan(plan)}`,
        ...outcome.problems.map((problem) => `  ${problem.replaceAll("\n", "\n  ")}`),
        `  Again: deno task churn --seed ${seed} --only ${moment}`,
      ].join("\n"));
    }
  };
  try {
    const ends = await Promise.allSettled(Array.from({ length: lanes }, work));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return failures;
}
