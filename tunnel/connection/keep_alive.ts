import { clearInterval, setInterval } from "node:timers";

/** So many intervals without a sign of life mean a lost connection. */
const MAX_SILENT = 3;

/** Options for {@linkcode KeepAlive}. */
export interface KeepAliveOptions {
  /** Milliseconds between pings. */
  readonly interval: number;
  /** Sends a ping. */
  readonly ping: () => void;
  /** Called with the milliseconds for which the far end has given no sign of life. */
  readonly onSilence: (milliseconds: number) => void;
}

/**
 * Pings the far end, and notices when no sign of life comes from there any more. Does not keep this
 * script alive.
 */
export class KeepAlive {
  readonly #timer: ReturnType<typeof setInterval>;
  #silent = 0;

  /** Starts to ping. */
  constructor({ interval, ping, onSilence }: KeepAliveOptions) {
    // The intervals are counted, not the time: a script that was busy has not listened.
    this.#timer = setInterval(() => {
      if (this.#silent++ < MAX_SILENT) ping();
      else onSilence(interval * MAX_SILENT);
    }, interval);
    this.#timer.unref();
  }

  /** The far end has given a sign of life. */
  handleSign(): void {
    this.#silent = 0;
  }

  /** Pings no more. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
