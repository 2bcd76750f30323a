import { endOfSet } from "./glob.ts";

/** The most globs that one with braces may stand for. */
const MAX_GLOBS = 1_000;

/** A range of numbers, and possibly a step. */
const NUMBERS = /^(-?\d+)\.\.(-?\d+)(?:\.\.-?(\d+))?$/;

/** A range of letters, and possibly a step. */
const LETTERS = /^([a-zA-Z])\.\.([a-zA-Z])(?:\.\.-?(\d+))?$/;

/**
 * The globs that one with braces stands for, as in bash: `{a,b}` for each of several texts,
 * `{1..3}` and `{a..c}` for each of a range. Other braces stand for themselves.
 *
 * @throws {TypeError} If there are too many.
 */
export function expandBraces(glob: string): string[] {
  for (let at = 0; at < glob.length; at++) {
    if (glob[at] === "\\") at++;
    else if (glob[at] === "[") at = (endOfSet(glob, at) ?? at + 1) - 1;
    else if (glob[at] === "{") {
      const [texts, end] = inBraces(glob, at);
      if (texts === undefined) continue;
      const rests = expandBraces(glob.slice(end));
      const middles = texts.flatMap(expandBraces);
      if (middles.length * rests.length > MAX_GLOBS) throw tooMany();
      const start = glob.slice(0, at);
      return middles.flatMap((middle) => rests.map((rest) => start + middle + rest));
    }
  }
  return [glob];
}

/** What braces at `start` stand for, and where they end. */
function inBraces(glob: string, start: number): [texts: string[] | undefined, end: number] {
  const texts: string[] = [];
  let depth = 0;
  let from = start + 1;
  for (let at = start; at < glob.length; at++) {
    const char = glob[at];
    if (char === "\\") at++;
    else if (char === "[") at = (endOfSet(glob, at) ?? at + 1) - 1;
    else if (char === "{") depth++;
    else if (char === "," && depth === 1) {
      texts.push(glob.slice(from, at));
      from = at + 1;
    } else if (char === "}" && --depth === 0) {
      const last = glob.slice(from, at);
      return [texts.length > 0 ? [...texts, last] : rangeOf(last), at + 1];
    }
  }
  return [undefined, start];
}

function rangeOf(text: string): string[] | undefined {
  const numbers = NUMBERS.exec(text);
  const [, first, last, step] = numbers ?? LETTERS.exec(text) ?? [];
  if (first === undefined) return undefined;
  const valueOf = (end: string): number => numbers === null ? end.codePointAt(0)! : Number(end);
  const [from, to, by] = [valueOf(first), valueOf(last!), Number(step ?? 1) || 1];
  const count = Math.floor(Math.abs(to - from) / by) + 1;
  if (count > MAX_GLOBS) throw tooMany();
  // A zero at the beginning says that all have as many digits.
  const isPadded = [first, last!].some((end) => /^-?0\d/.test(end));
  const width = isPadded ? Math.max(first.length, last!.length) : 0;
  return Array.from({ length: count }, (_, i) => {
    const value = from + Math.sign(to - from) * by * i;
    if (numbers === null) return String.fromCodePoint(value);
    const sign = value < 0 ? "-" : "";
    return sign + `${Math.abs(value)}`.padStart(width - sign.length, "0");
  });
}

function tooMany(): TypeError {
  return new TypeError(`it stands for more than ${MAX_GLOBS} globs`);
}
