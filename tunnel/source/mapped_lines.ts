import { numbers } from "../../agent/protocol/source_map.ts";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** A position in the original: the number of its source, the line and the column. */
type Original = readonly [source: number, line: number, column: number];

/** The segments of a line. */
interface Line {
  readonly segments: readonly string[];
  /** To what the first numbers are relative. */
  readonly start: Original;
  readonly end: Original;
}

/**
 * The `mappings` of a source map (ECMA-426, https://tc39.es/ecma426/), of which parts can be taken:
 * a script may be long, and a function of it short.
 */
export class MappedLines {
  readonly #lines = new Map<number, Line>();

  /**
   * Reads all mappings, so that parts can be taken in little time.
   *
   * @param mappings Those of one file, or of parts of it.
   */
  constructor(...mappings: readonly string[]) {
    for (const text of mappings) {
      let end: Original = [0, 0, 0];
      for (const [line, group] of text.split(";").entries()) {
        if (group === "") continue;
        const start = end;
        const segments = group.split(",");
        for (const segment of segments) end = add(end, originalOf(segment));
        this.#lines.set(line, { segments, start, end });
      }
    }
  }

  /** The mappings of some lines of the compiled code, by their zero-based numbers. */
  of(lines: ReadonlySet<number>): string {
    let text = "";
    let last = 0;
    let at: Original = [0, 0, 0];
    for (const line of [...lines].sort((a, b) => a - b)) {
      const found = this.#lines.get(line);
      if (found === undefined) continue;
      const { segments, start, end } = found;
      // A segment of one number has no original.
      const first = segments.findIndex((segment) => numbers(segment).length > 1);
      const all = [...segments];
      if (first !== -1) {
        const [column] = numbers(segments[first]!);
        const original = add(start, originalOf(segments[first]!));
        const steps = original.map((one, i) => one - at[i]!);
        all[first] = [column!, ...steps].map(digits).join("");
        at = end;
      }
      text += ";".repeat(line - last) + all.join();
      last = line;
    }
    return text;
  }
}

/** The steps of a segment in the original. */
function originalOf(segment: string): Original {
  const [, source = 0, line = 0, column = 0] = numbers(segment);
  return [source, line, column];
}

function add(a: Original, b: Original): Original {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

/** A number as digits of base 64. */
function digits(value: number): string {
  let rest = value < 0 ? -value * 2 + 1 : value * 2;
  let text = "";
  do {
    text += DIGITS[rest % 32 + (rest > 31 ? 32 : 0)];
    rest = Math.floor(rest / 32);
  } while (rest > 0);
  return text;
}
