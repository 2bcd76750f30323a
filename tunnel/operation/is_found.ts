import type { Found } from "../../agent/files/found.ts";
import { isNatural } from "../../agent/protocol/is_natural.ts";
import { MAX_SIZE } from "./text_diff.ts";

/** Whether a value of the far end tells what is at a path there. */
export function isFound(value: unknown): value is Found | null {
  if (typeof value !== "object" || value === null) return value === null;
  const { mode, size, bytes, isBinary, isFolder, sha1sum, link } = value as Record<string, unknown>;
  const hasMode = isNatural(mode) && mode <= 0o7777;
  const isOther = [size, bytes, isBinary, sha1sum].every((property) => property === undefined);
  return (isOther ? hasMode || mode === undefined : hasMode && isNatural(size)) &&
    (bytes === undefined || bytes instanceof Uint8Array && bytes.length <= MAX_SIZE) &&
    [isBinary, isFolder].every((flag) => flag === undefined || flag === true) &&
    [sha1sum, link].every((text) => text === undefined || typeof text === "string");
}
