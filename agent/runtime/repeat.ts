/**
 * Calls `act` again and again, by Node's timers, which no function replaces. It keeps no process
 * alive. Deno takes milliseconds to load timers, its own too.
 */
export async function repeat(act: () => void, milliseconds: number): Promise<void> {
  const { setInterval } = await import("node:timers");
  setInterval(act, milliseconds).unref();
}
