import fs from "node:fs";

/** The latest time that a `Date` can hold. */
const MAX_TIME = 8.64e15;

/** Whether a value is a time that a file can have, in milliseconds since 1970. */
export function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Math.abs(value as number) <= MAX_TIME;
}

/**
 * A file's time in whole milliseconds. Some file systems have later times than a `Date` can hold;
 * Deno gives NaN for them.
 */
export function timeOf(milliseconds: number): number {
  if (Number.isNaN(milliseconds)) return MAX_TIME;
  return Math.max(-MAX_TIME, Math.min(MAX_TIME, Math.floor(milliseconds)));
}

/**
 * The time of modification that `stat` tells, with all its milliseconds. Node's number has no room
 * for nanoseconds: of the last hundred before a millisecond it tells the next millisecond. At the
 * other end, Deno tells the one before, and the file would be sent again.
 *
 * @param milliseconds What `stat` tells.
 * @param nanoseconds Asks for the same in nanoseconds. `undefined` if the file has gone.
 */
export function wholeTime(milliseconds: number, nanoseconds: () => bigint | undefined): number {
  const mayBeRounded = milliseconds > 0 && Number.isInteger(milliseconds);
  if (!mayBeRounded || "Deno" in globalThis) return milliseconds;
  const whole = Number((nanoseconds() ?? 0n) / 1_000_000n);
  // Any other time is of a change since then.
  return whole === milliseconds - 1 ? whole : milliseconds;
}

/**
 * Whether two times are the same, as far as the file system here can tell: some store whole seconds
 * only.
 */
export function isSameTime(here: number, there: number): boolean {
  return here === there ||
    here % 1000 === 0 && Math.floor(there / 1000) * 1000 === here;
}

/** Sets the times of an open file, or of what is at a path, to milliseconds since 1970. */
export function setTimes(file: number | string, modified: number): void {
  // Seconds are a fraction that may have no exact form: without the microsecond more, rounding down
  // could lose a millisecond. A number below 0 would mean "now"; and of times before 1970, only
  // whole seconds work everywhere.
  const seconds = modified < 0
    ? new Date(Math.floor(modified / 1000) * 1000)
    : (modified + 0.001) / 1000;
  if (typeof file === "number") fs.futimesSync(file, seconds, seconds);
  else fs.lutimesSync(file, seconds, seconds);
}
