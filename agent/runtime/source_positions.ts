/**
 * Finds positions of compiled code in the file that it was compiled from, by the `mappings` of
 * source maps (ECMA-426, https://tc39.es/ecma426/), and has V8 use them in stacks.
 *
 * @module
 */

/**
 * For each line of compiled code: [column, original line, original column], ascending, zero-based.
 */
type Lines = (readonly [number, number, number])[][];

/** Finds original positions, for the URLs that were added. */
export class SourcePositions {
  readonly #mappings = new Map<string, string | Lines>();

  /** Adds the map of the code that is shown under `url`. It is parsed when it is first needed. */
  add(url: string, mappings: string): void {
    this.#mappings.set(url, mappings);
  }

  /** Gives the original position of a one-based position, or the same one if it is not known. */
  find(url: string, line: number, column: number): { line: number; column: number } {
    let lines = this.#mappings.get(url);
    if (lines === undefined) return { line, column };
    if (typeof lines === "string") this.#mappings.set(url, lines = parse(lines));
    let found: Lines[number][number] | undefined;
    for (const segment of lines[line - 1] ?? []) {
      if (segment[0] > column - 1) break;
      found = segment;
      // Of several segments for one position Deno takes the first.
      if (segment[0] === column - 1) break;
    }
    return found === undefined ? { line, column } : { line: found[1] + 1, column: found[2] + 1 };
  }

  /** Has V8 show original positions in all stacks from now on. */
  install(): void {
    const errors = Error as unknown as {
      prepareStackTrace?: (error: unknown, sites: CallSite[]) => unknown;
    };
    errors.prepareStackTrace = (error, sites) => {
      let head: string;
      try {
        head = String(error);
      } catch {
        head = "Error";
      }
      return [head, ...sites.map((site) => `    at ${this.#show(site)}`)].join("\n");
    };
  }

  #show(site: CallSite): string {
    const text = String(site);
    const name = site.getFileName();
    const url = site.getScriptNameOrSourceURL() || name;
    const line = site.getLineNumber();
    const column = site.getColumnNumber();
    if (!url || line === null || column === null) return text;
    const found = this.find(url, line, column);
    // Deno shows files by their paths here, but by their URLs in other stacks.
    return text.replace(`${name}:${line}:${column}`, () => `${url}:${found.line}:${found.column}`);
  }
}

interface CallSite {
  getScriptNameOrSourceURL(): string | null | undefined;
  getFileName(): string | null | undefined;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
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

function numbers(segment: string): number[] {
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
