/**
 * Whether a value that was decoded from so many bytes is an array that can be gone through. One
 * with holes can be far longer than its bytes, so to spread it would take all memory.
 */
export function isList(value: unknown, size: number): value is unknown[] {
  return Array.isArray(value) && value.length <= size;
}
