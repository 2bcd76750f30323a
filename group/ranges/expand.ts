import { isIPv6 } from "node:net";

/** A bracket in a name, with what is in it. */
const BRACKET = /\[([^[\]]*)\]/g;

/** A number, or a range with an optional step, between the commas of a bracket. */
const RANGE = /^\s*(\d+)(?:\s*-\s*(\d+)(?:\s*\/\s*(\d+))?)?\s*$/;

/** How many names an expression may stand for, those that are left out included. */
const MAX_NAMES = 1_000_000;

/** Numbers of a range. They may be larger than a `number` can tell apart. */
interface Range {
  readonly first: bigint;
  readonly step: bigint;
  readonly count: bigint;
  /** How many digits each has at least. */
  readonly width: number;
}

/** Whether a name has brackets that are not around an IPv6 address. */
export function hasRange(name: string): boolean {
  return /[[\]]/.test(name.replaceAll(BRACKET, (all, inner) => isIPv6(inner) ? "" : all));
}

/**
 * The names that a name with brackets stands for, in order.
 *
 * @param name A name such as `web[01-50]`; brackets around an IPv6 address belong to the name.
 * @param before How many names the terms before it stand for.
 * @throws {TypeError} If a bracket is not understood.
 * @throws {RangeError} If these are too many.
 */
export function expand(name: string, before: number): string[] {
  const texts: string[] = [];
  const brackets: Range[][] = [];
  let text = "";
  let at = 0;
  for (const match of name.matchAll(BRACKET)) {
    text += plain(name.slice(at, match.index));
    at = match.index + match[0].length;
    if (isIPv6(match[1]!)) {
      text += match[0];
      continue;
    }
    texts.push(text);
    brackets.push(match[1]!.split(",").map((part) => rangeOf(part, match[0])));
    text = "";
  }
  text += plain(name.slice(at));
  checkCount(brackets, before);
  let names = [""];
  for (const [i, ranges] of brackets.entries()) {
    const numbers = ranges.flatMap(numbersOf).map((number) => texts[i] + number);
    names = names.flatMap((name) => numbers.map((number) => name + number));
  }
  return text === "" ? names : names.map((name) => name + text);
}

function plain(text: string): string {
  const bracket = text.match(/[[\]]/)?.[0];
  if (bracket === "[") throw new TypeError('"[" has no "]"');
  if (bracket === "]") throw new TypeError('"]" has no "["');
  return text;
}

function rangeOf(text: string, bracket: string): Range {
  const [, first, last, step] = text.match(RANGE) ?? [];
  if (first === undefined) {
    throw new TypeError(
      `${bracket} is not understood: expected numbers and ranges, as in [1-9,12]`,
    );
  }
  if (last === undefined) return { first: BigInt(first), step: 1n, count: 1n, width: first.length };
  const isPadded = [first, last].some((end) => end.length > 1 && end.startsWith("0"));
  if (isPadded && first.length !== last.length) {
    throw new TypeError(`${first}-${last} has zeros in front, but ends of different lengths`);
  }
  const [from, to, by] = [BigInt(first), BigInt(last), BigInt(step ?? 1)];
  if (to < from) throw new TypeError(`${first}-${last} goes down: write ${last}-${first}`);
  if (by === 0n) throw new TypeError(`${text.trim()} has a step of 0`);
  return {
    first: from,
    step: by,
    count: (to - from) / by + 1n,
    width: isPadded ? first.length : 1,
  };
}

function checkCount(brackets: readonly Range[][], before: number): void {
  let count = 1n;
  for (const ranges of brackets) count *= ranges.reduce((sum, range) => sum + range.count, 0n);
  if (count + BigInt(before) > MAX_NAMES) {
    throw new RangeError(`they are more than ${MAX_NAMES.toLocaleString("en")}`);
  }
}

function numbersOf({ first, step, count, width }: Range): string[] {
  return Array.from(
    { length: Number(count) },
    (_, i) => String(first + BigInt(i) * step).padStart(width, "0"),
  );
}
