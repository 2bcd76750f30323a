import { readUint32 } from "../wire/frame.ts";
import { repeat } from "./repeat.ts";

/** So many intervals without anything from the controller mean a dead link. */
const MAX_SILENT = 6;

/**
 * Notices when nothing comes from the controller any more. It counts intervals, not time: an agent
 * that was busy or stopped has not listened.
 */
export class Silence {
  readonly #end: () => void;
  #silent = 0;
  #counts = false;

  /** `end` is called when it has become too long. */
  constructor(end: () => void) {
    this.#end = end;
  }

  /** Whether nothing has come for too long. */
  get isTooLong(): boolean {
    return this.#silent > MAX_SILENT;
  }

  /** Something has come. */
  handleSign(): void {
    this.#silent = 0;
  }

  /**
   * Starts to count, unless it does already.
   *
   * @param onCount Called with the seconds between the signs, when it starts.
   * @param payload That of a PING: milliseconds, from a thread that a busy script does not stop. It
   * is empty in other PINGs.
   */
  count(payload: Uint8Array, onCount: (seconds: number) => void): void {
    if (this.#counts || payload.length === 0) return;
    this.#counts = true;
    const interval = readUint32(payload, 0);
    repeat(() => {
      if (++this.#silent > MAX_SILENT) this.#end();
    }, interval);
    onCount(interval / 1000);
  }
}
