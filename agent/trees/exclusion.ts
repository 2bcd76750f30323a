/** Something to be left alone in a folder; see `SyncOptions.exclude`. */
export interface Exclusion {
  readonly pattern: RegExp;
  /** Whether it only excludes folders. */
  readonly foldersOnly: boolean;
}

/** Whether a path is excluded, given that the folder it is in is not. */
export function isExcluded(
  exclusions: readonly Exclusion[],
  path: string,
  isFolder: boolean,
): boolean {
  return exclusions.some(({ pattern, foldersOnly }) =>
    (isFolder || !foldersOnly) && pattern.test(path)
  );
}
