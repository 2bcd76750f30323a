/** A module as it travels: all that the loader at the far end needs to know of it. */
export interface ModuleRecord {
  /** What imports call it: its URL, with the type behind a space if it is imported as text or bytes. */
  readonly id: string;
  readonly kind: "js" | "cjs" | "json" | "text" | "bytes" | "wasm";
  /** JavaScript, JSON or text, or the bytes of the other kinds. */
  readonly source: string | Uint8Array;
  /** What each of its import (or `require`) specifiers means: another record's id, or a `node:` module. */
  readonly imports: Readonly<Record<string, string>>;
  /** What a CommonJS module exports, as far as it can be known before it runs. */
  readonly exports?: readonly string[];
  /** The `mappings` of its source map, if its lines are not those of the file. */
  readonly mappings?: string;
}

/** The URL in a record's id. */
export function urlOf(id: string): string {
  const space = id.indexOf(" ");
  return space === -1 ? id : id.slice(0, space);
}
