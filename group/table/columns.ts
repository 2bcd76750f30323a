import { isPlain } from "./plain.ts";

/** The keys that all values have, if they are plain objects with the same keys. */
export function commonKeys(values: readonly unknown[]): string[] | undefined {
  const [first] = values;
  if (!isPlain(first)) return undefined;
  const keys = Object.keys(first);
  const known = new Set(keys);
  const isAlike = (value: unknown): boolean => {
    if (!isPlain(value) || Object.getOwnPropertySymbols(value).length > 0) return false;
    const own = Object.keys(value);
    return own.length === keys.length && own.every((key) => known.has(key));
  };
  return keys.length > 0 && values.every(isAlike) ? keys : undefined;
}

/** Texts that could be taken for another value, or for several columns. */
const UNCLEAR = /^$|^\s|\s$|\s\s|[\n\t\r"'`\\]|^(?:true|false|null|undefined|NaN|-?\d+n)$/;

/** Whether a string is clear without quotes. */
export function isClear(text: string): boolean {
  return !UNCLEAR.test(text) && Number.isNaN(Number(text));
}
