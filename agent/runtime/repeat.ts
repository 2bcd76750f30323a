const { waitAsync } = Atomics;

/**
 * Calls `act` again and again. It keeps no process alive, and no function can replace what it
 * needs. V8 itself does the waiting: to load timers, its own too, takes Deno milliseconds.
 */
export async function repeat(act: () => void, milliseconds: number): Promise<void> {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    await waitAsync(cell, 0, 0, milliseconds).value;
    act();
  }
}
