import { ErrorResult } from "../group/error_result.ts";
import { failedCommand } from "./outcome.ts";

/** The value of a host as JSON. */
export class HostValue {
  readonly json: string;

  /**
   * Makes it at once, so that a value that has no form in JSON is the failure of its host alone.
   *
   * @throws {TypeError} If it has none.
   */
  constructor(value: unknown) {
    try {
      this.json = valueJson(value);
    } catch (cause) {
      const [why] = (cause as Error).message.split("\n");
      throw new TypeError(`Cannot print its result as JSON: ${why}; leave out --json`, { cause });
    }
  }
}

/** The result of a host as JSON: its value, or `{ error }`, with the output of a command. */
export function resultJson(result: unknown): string {
  if (result instanceof HostValue) return result.json;
  if (!(result instanceof ErrorResult)) return new HostValue(result).json;
  return valueJson({ ...result.toJSON(), ...failedCommand(result) });
}

/** An object with a single host, in one line. */
export function hostJson(host: string, json: string): string {
  return `{${JSON.stringify(host)}:${json}}`;
}

/** An object of all hosts, each in a line of its own. */
export function hostsJson(results: ReadonlyMap<string, unknown>): string {
  const lines = [...results].map(([host, result]) =>
    `${JSON.stringify(host)}:${resultJson(result)}`
  );
  return `{\n${lines.join(",\n")}\n}`;
}

/** So many elements are written without asking whether they are there. */
const MANY = 1_000_000;

/** Whether an array has more holes than elements: JSON would write each of billions. */
function isSparse(value: unknown): boolean {
  return Array.isArray(value) && value.length > MANY &&
    Object.keys(value).length < value.length / 2;
}

/** What a terminal may obey, as JSON can also write it. JSON escapes all below a space itself. */
function escaped(json: string): string {
  return json.replace(
    /[\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A value as JSON. What JSON does not know has the nearest form that loses nothing. */
function valueJson(value: unknown): string {
  const json = JSON.stringify(value, (_key, part) => {
    if (isSparse(part)) throw new TypeError("it has an array with millions of holes");
    if (typeof part === "bigint") {
      return Number.isSafeInteger(Number(part)) ? Number(part) : String(part);
    }
    if (typeof part === "number" && !Number.isFinite(part)) return String(part);
    if (part instanceof Map) {
      const entries = [...part];
      return entries.every(([key]) => typeof key === "string")
        ? Object.fromEntries(entries)
        : entries;
    }
    if (part instanceof Set) return [...part];
    if (ArrayBuffer.isView(part)) {
      return [...new Uint8Array(part.buffer, part.byteOffset, part.byteLength)];
    }
    if (part instanceof Error) return { name: part.name, message: part.message };
    return part;
  });
  return escaped(json ?? "null");
}
