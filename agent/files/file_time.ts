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
