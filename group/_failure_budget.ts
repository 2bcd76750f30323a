import { ErrorResult } from "./error_result.ts";
import { type Share, shareOf } from "./_share.ts";

/** How many hosts may fail before no more are begun. One host counts once, however often it fails. */
export class FailureBudget {
  readonly #most: number;
  readonly #text: string;
  readonly #failed = new Set<string>();

  constructor(most: Share, size: number) {
    this.#most = Math.floor(shareOf(most, size));
    const share = typeof most === "string" ? ` ${most}` : "";
    this.#text = `more than ${this.#most} of ${size} hosts had failed (maxFailures${share})`;
  }

  /** A host has failed. */
  count(host: string): void {
    this.#failed.add(host);
  }

  /** What a host gets that is not to be begun any more; `undefined` if it may be begun. */
  refusal(): ErrorResult | undefined {
    if (this.#failed.size <= this.#most) return undefined;
    // The same for all hosts, so that a table has one row for them.
    return new ErrorResult(new Error(this.#text), { skipped: true });
  }
}
