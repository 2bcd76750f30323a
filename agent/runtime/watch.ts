import type { CheckGlobals } from "./broken_globals.ts";
import { repeat } from "./repeat.ts";
import { loadStorage } from "./running_call.ts";

/** What is needed when code has run. Deno loads it at once, which takes milliseconds. */
export class Watch {
  readonly #checkGlobals: CheckGlobals;
  #hasBegun = false;

  constructor(checkGlobals: CheckGlobals) {
    this.#checkGlobals = checkGlobals;
  }

  begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    void loadStorage();
    // A call looks at its end. This is for what was broken later, and takes no time of calls.
    void repeat(() => this.#checkGlobals(true), 1_000);
  }

  /** Begins when the answer that was just given has been written. */
  beginSoon(): void {
    if (!this.#hasBegun) queueMicrotask(() => this.begin());
  }
}
