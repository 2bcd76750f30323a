/** A value as an error names it: of a string one has to see that it is one. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
