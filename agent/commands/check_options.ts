/**
 * Checks the options of a command. A key with the value `undefined` is ignored.
 *
 * @param known Each option that there is, with the values that it may have if these are few.
 * @throws {TypeError} If there is another one, which may be misspelt, or another value.
 */
export function checkOptions(
  options: object,
  known: Readonly<Record<string, readonly unknown[] | undefined>>,
): void {
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(known, key)) {
      const names = Object.keys(known).join(", ");
      throw new TypeError(`options has ${JSON.stringify(key)}: expected one of ${names}`);
    }
    const values = known[key];
    if (values === undefined || values.includes(value)) continue;
    const list = values.map(shown).join(", ");
    throw new TypeError(`${key} is ${shown(value)}: expected one of ${list}`);
  }
}

/** JSON lacks some values, such as functions and bigints. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return Object(value) === value ? `of type ${typeof value}` : String(value);
}
