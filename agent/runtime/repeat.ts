/**
 * Calls `act` again and again, by Node's timers, which no function replaces. It keeps no process
 * alive. It does not begin in this turn of the event loop: Deno takes milliseconds to load timers,
 * its own too, and an answer should not wait for that.
 */
export async function repeat(act: () => void, milliseconds: number): Promise<void> {
  const { setInterval } = await import("node:timers");
  setInterval(act, milliseconds).unref();
}
