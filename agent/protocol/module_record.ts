/**
 * The id of a module that does not exist. An `import()` of it fails when it is reached, as here.
 */
export const NO_MODULE = "";

/**
 * The id of the agent's part for all values that are not plain, and for failures. It is a script,
 * as text or compressed with Brotli, and comes in a batch of its own.
 */
export const VALUES_MODULE = "chopsticks:values";

/**
 * The id of the agent's part that loads modules. It is a script, and comes in one batch with the
 * first of them.
 */
export const LOADER_MODULE = "chopsticks:loader";

/** The id of the agent's part that lets code open files of the controller by path. */
export const PATHS_MODULE = "chopsticks:paths";

/** The id of the agent's part that starts workers of modules that were sent. */
export const WORKERS_MODULE = "chopsticks:workers";

/** The id of the agent's part that runs CommonJS modules. */
export const COMMONJS_MODULE = "chopsticks:commonjs";

/** A module as it is sent: all that the loader at the far end needs to know of it. */
export interface ModuleRecord {
  /**
   * Its name in imports: its URL, and behind a space its type if the URL does not tell that, or
   * `require` if it is a {@linkcode markedModule}.
   */
  readonly id: string;
  readonly kind: "js" | "cjs" | "json" | "text" | "bytes" | "wasm" | "broken";
  /**
   * JavaScript, JSON or text, or the bytes of the other kinds. Of a module that cannot be sent, the
   * properties of the error for those who load it, as JSON.
   */
  readonly source: string | Uint8Array;
  /**
   * The meaning of each specifier that it imports: another record's id, or a `node:` module. The
   * key is an {@linkcode importKey}, which replaces the specifier in the source.
   */
  readonly imports: Readonly<Record<string, string>>;
  /**
   * The same for the specifiers that it requires, as a package may have one module for those who
   * import it and another for those who require it. `node:` modules are left out. What it requires
   * by a computed name is there by its id.
   */
  readonly requires?: Readonly<Record<string, string>>;
  /** The results of `import.meta.resolve()` that are not simply URLs relative to its own. */
  readonly resolves?: Readonly<Record<string, string>>;
  /** The names that a CommonJS module exports to those who import it, if anything imports it. */
  readonly exports?: readonly string[];
  /** The `mappings` of its source map, if its lines differ from those of the file. */
  readonly mappings?: string;
}

/** A specifier, and behind a space the type: a module may import one file as two types. */
export function importKey(specifier: string, type: string | undefined): string {
  return type === undefined ? specifier : `${specifier} ${type}`;
}

/** The key of what a `require()` resolves that a module made for another place than its own. */
export function requireKey(specifier: string, from: string): string {
  return `${specifier} from ${from}`;
}

/** The specifier and the type in an {@linkcode importKey}. */
export function splitImportKey(key: string): { specifier: string; type: string | undefined } {
  const [, specifier = key, type] = /^(.*) (json|text|bytes|require)$/s.exec(key) ?? [];
  return { specifier, type };
}

/** The URL in a record's id. */
export function urlOf(id: string): string {
  return splitImportKey(id).specifier;
}
