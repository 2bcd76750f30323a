const FREE = 0;
const WRITING = 1;
const SIGNING = 2;
const OVER = 3;

/**
 * Says who writes to a pipe: this thread, or the one that gives signs of life. A frame is written
 * in parts when the pipe is full, and a sign must not come between them.
 */
export class WriteLock {
  /** Shared with the other thread; see `SignThread`. */
  readonly cell: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(4));

  /** Takes the pipe. The other thread only ever has it for a write that does not wait. */
  take(): void {
    while (Atomics.compareExchange(this.cell, 0, FREE, WRITING) === SIGNING) {
      Atomics.wait(this.cell, 0, SIGNING, 10);
    }
  }

  /** All has been written. */
  release(): void {
    Atomics.compareExchange(this.cell, 0, WRITING, FREE);
  }

  /** The pipe is closed, or there will be no more signs. */
  close(): void {
    Atomics.store(this.cell, 0, OVER);
  }
}
