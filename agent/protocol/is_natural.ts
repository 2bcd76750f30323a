/** Whether a value that came over a channel is a whole number that is not negative. */
export function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
