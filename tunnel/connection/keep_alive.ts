import { clearInterval, setInterval } from "node:timers";
import type { Multiplexer } from "../../agent/wire/multiplexer.ts";

/** So many unanswered pings in a row mean a lost connection. */
const MAX_UNANSWERED = 3;

/** Pings the far end, and notices when it no longer answers. Does not keep this script alive. */
export class KeepAlive {
  readonly #timer: ReturnType<typeof setInterval>;

  /**
   * Starts to ping.
   *
   * @param interval Milliseconds between pings.
   * @param onSilence Called with the milliseconds for which the far end has given no sign of life.
   */
  constructor(
    multiplexer: Multiplexer,
    interval: number,
    onSilence: (milliseconds: number) => void,
  ) {
    this.#timer = setInterval(() => {
      if (multiplexer.unanswered < MAX_UNANSWERED) multiplexer.sendPing();
      else onSilence(interval * MAX_UNANSWERED);
    }, interval);
    this.#timer.unref();
  }

  /** Pings no more. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
