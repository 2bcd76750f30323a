import { numbers } from "../../agent/protocol/source_map.ts";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * The part of the `mappings` of a source map (ECMA-426, https://tc39.es/ecma426/) that is about
 * some lines of the compiled code, without the names. A script may be long, and a function of it
 * short.
 *
 * @param lines Whether a line is wanted, by its zero-based number.
 */
export function mappedLines(mappings: string, lines: ReadonlySet<number>): string {
  const groups: string[] = [];
  let last = 0;
  // The source, line and column of the original, and how far the part is behind.
  const behind = [0, 0, 0];
  for (const [line, group] of mappings.split(";").entries()) {
    const segments: string[] = [];
    for (const segment of group === "" ? [] : group.split(",")) {
      const [column, ...original] = numbers(segment);
      const steps = original.slice(0, 3);
      for (const [i, step] of steps.entries()) behind[i]! += step;
      if (!lines.has(line)) continue;
      segments.push([column!, ...steps.map((_, i) => behind[i]!)].map(digits).join(""));
      if (steps.length > 0) behind.fill(0);
    }
    groups.push(segments.join());
    if (segments.length > 0) last = line;
  }
  return groups.slice(0, last + 1).join(";");
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
