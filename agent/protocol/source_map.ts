/**
 * Finds positions of compiled code in the file that it was compiled from, by the `mappings` of
 * source maps (ECMA-426, https://tc39.es/ecma426/).
 *
 * @module
 */

/**
 * For each line of compiled code: [column, original line, original column], ascending, zero-based.
 */
type Lines = (readonly [number, number, number])[][];

/** Finds original positions, for the URLs that were added. */
export class SourceMaps {
  /** By their URLs, the maps of them or of some of their lines, each parsed when it is needed. */
  readonly #maps = new Map<string, Map<string, Lines | undefined>>();

  /** Adds the map of some lines of the code that is shown under `url`, or of all. */
  add(url: string, mappings: string): void {
    const maps = this.#maps.get(url) ?? new Map<string, undefined>();
    this.#maps.set(url, maps.set(mappings, undefined));
  }

  /** Gives the original position of a one-based position, or the same one if it is not known. */
  find(url: string, line: number, column: number): { line: number; column: number } {
    let found: Lines[number][number] | undefined;
    for (let [mappings, lines] of this.#maps.get(url) ?? []) {
      if (lines === undefined) this.#maps.get(url)!.set(mappings, lines = parse(mappings));
      for (const segment of lines[line - 1] ?? []) {
        if (segment[0] > column - 1) break;
        found = segment;
        // Of several segments for one position Deno takes the first.
        if (segment[0] === column - 1) break;
      }
    }
    return found === undefined ? { line, column } : { line: found[1] + 1, column: found[2] + 1 };
  }
}

/**
 * Parses `mappings`: a group for each line, separated by `;`, of segments separated by `,`. Each
 * has numbers in base 64, which are relative to those of the segment before it.
 */
function parse(mappings: string): Lines {
  let line = 0;
  let originalColumn = 0;
  return mappings.split(";").map((group) => {
    let column = 0;
    const segments: [number, number, number][] = [];
    for (const segment of group === "" ? [] : group.split(",")) {
      const [columnStep = 0, source, lineStep = 0, originalStep = 0] = numbers(segment);
      column += columnStep;
      if (source === undefined) continue;
      line += lineStep;
      originalColumn += originalStep;
      segments.push([column, line, originalColumn]);
    }
    return segments;
  });
}

/** The value of a digit of base 64, by its character code. */
function bitsOf(code: number): number {
  if (code > 96) return code - 71;
  if (code > 64) return code - 65;
  return code > 47 ? code + 4 : code === 43 ? 62 : 63;
}

/** The numbers of a segment. */
export function numbers(segment: string): number[] {
  const result: number[] = [];
  let value = 0;
  let shift = 0;
  for (const digit of segment) {
    const bits = bitsOf(digit.charCodeAt(0));
    value += (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    result.push(value & 1 ? -(value >> 1) : value >> 1);
    value = shift = 0;
  }
  return result;
}
