/** A value as an error names it. Quotes show that a string is one. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
