import { ErrorResult } from "../error_result.ts";
import { type Share, shareOf } from "./share.ts";

/**
 * How many hosts may fail before no more are begun. One host counts once, however often it fails.
 */
export class FailureBudget {
  readonly #most: number;
  readonly #text: string;
  readonly #failed = new Set<string>();

  constructor(most: Share, size: number) {
    this.#most = Math.floor(shareOf(most, size));
    const share = typeof most === "string" ? ` ${most}` : "";
    this.#text = `more than ${this.#most} of ${size} hosts had failed (maxFailures${share})`;
  }

  /** Counts a host that has failed. */
  count(host: string): void {
    this.#failed.add(host);
  }

  /** The result of a host that must not be begun; `undefined` if hosts may be begun. */
  skipped(): ErrorResult | undefined {
    if (this.#failed.size <= this.#most) return undefined;
    // The same text for all hosts, so that a table has one row for them.
    return new ErrorResult(new Error(this.#text), { skipped: true });
  }
}
