import { SourceMaps } from "../../agent/protocol/source_map.ts";
import { withoutSourceMap } from "../source/imports.ts";
import { modulesHere } from "../modules/modules_here.ts";

const positions = new SourceMaps();
const known = new Set<string>();

/**
 * The zero-based position in the file at `url` of a position in the JavaScript that it was compiled
 * to.
 */
export function originalPosition(
  url: string,
  line: number,
  column: number,
): { line: number; column: number } {
  if (!known.has(url)) {
    known.add(url);
    const { mappings } = withoutSourceMap(modulesHere.codeNow(url) ?? "");
    if (mappings !== undefined) positions.add(url, mappings);
  }
  const found = positions.find(url, line + 1, column + 1);
  return { line: found.line - 1, column: found.column - 1 };
}
