import type { CommandOutput } from "./command_output.ts";
import { isPlain } from "./plain.ts";

/** The properties of the results of `put()` and `sync()` that have a diff. */
const PUT_KEYS = "changed,diff,remotePath,sha1sum,size";
const SYNC_KEYS = "bytes,created,deleted,diff,localDir,remoteDir,skipped,unchanged,updated";

/** What a transfer changes, as lines, if `value` is a result that has a diff. */
export function transferDiff(value: unknown): CommandOutput | undefined {
  if (!isPlain(value)) return undefined;
  const { diff, changed } = value;
  if (typeof diff !== "string") return undefined;
  const keys = Object.keys(value).sort().join();
  if (keys !== PUT_KEYS && keys !== SYNC_KEYS) return undefined;
  const counts = (["created", "updated", "deleted"] as const).flatMap((key) => {
    const paths = value[key];
    return Array.isArray(paths) && paths.length > 0 ? [`${paths.length} ${key}`] : [];
  });
  const isChanged = counts.length > 0 || changed === true;
  const note = counts.join(", ") || (isChanged ? "changed" : "unchanged");
  return { text: diff.replace(/\n$/, ""), note };
}
