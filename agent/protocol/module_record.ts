/** What an `import()` means that leads nowhere: it fails at the far end when it is reached, as it does here. */
export const NO_MODULE = "";

/** A module as it travels: all that the loader at the far end needs to know of it. */
export interface ModuleRecord {
  /** What imports call it: its URL, with the type behind a space if that is not what the URL says. */
  readonly id: string;
  readonly kind: "js" | "cjs" | "json" | "text" | "bytes" | "wasm";
  /** JavaScript, JSON or text, or the bytes of the other kinds. */
  readonly source: string | Uint8Array;
  /**
   * What each of its import (or `require`) specifiers means: another record's id, or a `node:` module.
   * By {@linkcode importKey}, which stands in the source for the specifier.
   */
  readonly imports: Readonly<Record<string, string>>;
  /** What `import.meta.resolve()` gives, where that is not simply a URL relative to its own. */
  readonly resolves?: Readonly<Record<string, string>>;
  /** What a CommonJS module exports, as far as it can be known before it runs. */
  readonly exports?: readonly string[];
  /** The `mappings` of its source map, if its lines are not those of the file. */
  readonly mappings?: string;
}

/** A specifier, with the type of its attributes behind a space: one module may import a file as two types. */
export function importKey(specifier: string, type: string | undefined): string {
  return type === undefined ? specifier : `${specifier} ${type}`;
}

/** The specifier and the type in an {@linkcode importKey}. */
export function splitImportKey(key: string): { specifier: string; type: string | undefined } {
  const [, specifier = key, type] = /^(.*) (json|text|bytes)$/s.exec(key) ?? [];
  return { specifier, type };
}

/** The URL in a record's id. */
export function urlOf(id: string): string {
  return splitImportKey(id).specifier;
}
