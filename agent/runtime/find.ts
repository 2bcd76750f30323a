import { runtimeName } from "../protocol/runtime_name.ts";

/** What {@linkcode find} finds. */
export interface Found {
  readonly value: unknown;
  /** What it was found in. */
  readonly parent: unknown;
}

/**
 * Follows `path` from a module's namespace or the global object. `undefined` if it leads nowhere.
 */
export function find(
  root: unknown,
  path: readonly (string | symbol)[],
): Found | undefined {
  let parent: unknown;
  let value = root;
  for (const name of path) {
    parent = value;
    value = (value as Record<string | symbol, unknown> | null | undefined)?.[name];
  }
  return value === undefined ? undefined : { value, parent };
}

/** The error for what this runtime lacks, or a module does not export. */
export function lacks(module: string | null, path: readonly (string | symbol)[]): TypeError {
  const isBuiltin = module === null || module.startsWith("node:");
  const where = module === null ? "here" : `in ${module}`;
  const why = isBuiltin ? `: this agent is ${runtimeName()}` : "";
  return new TypeError(`There is no ${path.map(String).join(".")} ${where}${why}`);
}
