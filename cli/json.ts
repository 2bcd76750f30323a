import { ErrorResult } from "../group/error_result.ts";
import { failedCommand } from "./outcome.ts";

/** The result of a host as JSON: its value, or `{ error }`, with the output of a command. */
export function resultJson(result: unknown): string {
  if (!(result instanceof ErrorResult)) return valueJson(result);
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

/** A value as JSON. What JSON does not know has the nearest form that loses nothing. */
function valueJson(value: unknown): string {
  return JSON.stringify(value, (_key, part) => {
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
  }) ?? "null";
}
