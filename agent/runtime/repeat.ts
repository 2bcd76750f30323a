const { waitAsync } = Atomics;
/** Nobody writes to it, or wakes up those that wait for it. */
const cell = new Int32Array(new SharedArrayBuffer(4));

/**
 * Calls `act` again and again. It keeps no process alive, and no function can replace what it
 * needs. V8 itself does the waiting: to load timers, its own too, takes Deno milliseconds.
 */
export async function repeat(act: () => void, milliseconds: number): Promise<void> {
  for (;;) {
    await waitAsync(cell, 0, 0, milliseconds).value;
    act();
  }
}
