import type { CheckGlobals } from "./broken_globals.ts";
import { repeat } from "./repeat.ts";
import { loadStorage } from "./running_call.ts";

/** What is needed when code has run. */
export class Watch {
  readonly #checkGlobals: CheckGlobals;
  #repeats = false;
  #hasStorage = false;

  constructor(checkGlobals: CheckGlobals) {
    this.#checkGlobals = checkGlobals;
  }

  /** Code of a call runs, and others may begin beside it. */
  begin(): void {
    if (!this.#hasStorage) {
      this.#hasStorage = true;
      void loadStorage();
    }
    this.end();
  }

  /**
   * A call is over. What only a next one needs is not loaded yet, since that takes Deno as long as
   * half of its start, and many agents make a single call.
   */
  end(): void {
    if (this.#repeats) return;
    this.#repeats = true;
    // A call looks at its end. This is for what was broken later, and takes no time of calls.
    void repeat(() => this.#checkGlobals(true), 1_000);
  }
}
