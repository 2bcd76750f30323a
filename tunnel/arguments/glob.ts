/**
 * Globs as a `.gitignore` has them, and groups such as `@(a|b)` as bash has them, as regular
 * expressions.
 *
 * @module
 */

/** The characters of a class in a set, such as `[:upper:]`. */
const CLASSES: Readonly<Record<string, string>> = {
  alnum: "a-zA-Z0-9",
  alpha: "a-zA-Z",
  blank: " \\t",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`\\{-~",
  space: " \\t-\\r",
  upper: "A-Z",
  xdigit: "0-9A-Fa-f",
};

/** A set in brackets, in which a `]` may come first. */
const BRACKETS = /\[(?:([!^])|(?![!^]))((?:\]|(?!\]))(?:\[:[^\]]*:\]|\\.|[^\]\\])*)\]/sy;

/** What is in brackets: a class, a character, or a range of characters. */
const IN_BRACKETS = /\[:([^\]]*):\]|\\?(.)(?:-(?!$)\\?(.))?/gsu;

/** The most characters of an expression. */
const MAX_EXPRESSION = 1_000_000;

/** Any characters but slashes. */
const ANY = "[^/]*";

/** A part of a glob: an expression, or a group of alternatives. */
type Part = string | Group;

interface Group {
  /** How often they match: `@`, `?`, `*` or `+`; or `!` for what none of them matches. */
  readonly kind: string;
  readonly alternatives: readonly (readonly Part[])[];
}

/**
 * The regular expression for what a glob matches, up to the end of the text.
 *
 * @param glob A glob without braces, which have been expanded.
 * @throws {TypeError} If nothing can match it.
 */
export function globExpression(glob: string): string {
  return expressionOf(new GlobParser(glob).parts(""), "$") + "$";
}

/** Where the set ends that begins at `start`; `undefined` if there is no set. */
export function endOfSet(glob: string, start: number): number | undefined {
  BRACKETS.lastIndex = start;
  return BRACKETS.test(glob) ? BRACKETS.lastIndex : undefined;
}

/** Where the group ends whose first character is at `start`; `undefined` if there is no group. */
export function endOfGroup(glob: string, start: number): number | undefined {
  if (!/^[?*+@!]\(/.test(glob.slice(start, start + 2))) return undefined;
  let depth = 0;
  for (let at = start + 1; at < glob.length; at++) {
    if (glob[at] === "\\") at++;
    else if (glob[at] === "[") at = (endOfSet(glob, at) ?? at + 1) - 1;
    else if (glob[at] === "(") depth++;
    else if (glob[at] === ")" && --depth === 0) return at + 1;
  }
  return undefined;
}

/** Reads a glob from its beginning to its end. */
class GlobParser {
  readonly #glob: string;
  #at = 0;

  constructor(glob: string) {
    this.#glob = glob;
  }

  /** The parts up to the end, or to one of the characters in `ends`. */
  parts(ends: string): Part[] {
    const glob = this.#glob;
    const parts: Part[] = [];
    while (this.#at < glob.length && !ends.includes(glob[this.#at]!)) {
      // In a group, brackets in pairs belong to an alternative.
      if (ends !== "" && glob[this.#at] === "(") {
        parts.push(this.#character(), ...this.parts(")"), this.#character());
      } else parts.push(this.#group() ?? this.#stars(ends) ?? this.#set() ?? this.#character());
    }
    return parts;
  }

  #group(): Part | undefined {
    const glob = this.#glob;
    if (endOfGroup(glob, this.#at) === undefined) return undefined;
    const kind = glob[this.#at++]!;
    const alternatives: Part[][] = [];
    do {
      this.#at++;
      alternatives.push(this.parts("|)"));
    } while (glob[this.#at] === "|");
    this.#at++;
    return { kind, alternatives };
  }

  #stars(ends: string): string | undefined {
    const glob = this.#glob;
    const start = this.#at;
    while (glob[this.#at] === "*" && (this.#at === start || glob[this.#at + 1] !== "(")) this.#at++;
    if (this.#at === start) return undefined;
    // Two stars between slashes stand for any folders.
    const isLong = this.#at - start > 1 && ends === "" && (start === 0 || glob[start - 1] === "/");
    if (isLong && this.#at === glob.length) return ".+";
    if (!isLong || glob[this.#at] !== "/") return ANY;
    this.#at++;
    return "(?:.*/)?";
  }

  #set(): string | undefined {
    BRACKETS.lastIndex = this.#at;
    const found = BRACKETS.exec(this.#glob);
    if (found === null) return undefined;
    this.#at = BRACKETS.lastIndex;
    const [, not, content] = found;
    const members = Array.from(content!.matchAll(IN_BRACKETS), membersOf).join("");
    return `(?!/)[${not === undefined ? "" : "^"}${members}]`;
  }

  #character(): string {
    const isEscaped = this.#glob[this.#at] === "\\";
    if (isEscaped) this.#at++;
    const [char] = this.#glob.slice(this.#at, this.#at + 2);
    if (char === undefined) throw new TypeError("there is nothing behind the last backslash");
    this.#at += char.length;
    return char === "?" && !isEscaped ? "[^/]" : escaped(char);
  }
}

function membersOf([text, name, first, last]: RegExpExecArray): string {
  if (first === undefined) {
    if (Object.hasOwn(CLASSES, name!)) return CLASSES[name!]!;
    throw new TypeError(`there is no class ${text}`);
  }
  if (last === undefined) return escaped(first);
  if (first.codePointAt(0)! > last.codePointAt(0)!) {
    throw new TypeError(`the range ${text} is empty`);
  }
  return `${escaped(first)}-${escaped(last)}`;
}

/**
 * The expression for parts one behind the other.
 *
 * @param after The expression of what follows them.
 */
function expressionOf(parts: readonly Part[], after: string): string {
  return parts.reduceRight<string>((rest, part) => {
    const all = (typeof part === "string" ? part : groupExpression(part, rest + after)) + rest;
    // A `!(…)` has all that follows in it.
    if (all.length > MAX_EXPRESSION) throw new TypeError("there are too many groups");
    return all;
  }, "");
}

function groupExpression({ kind, alternatives }: Group, after: string): string {
  const each = alternatives.map((parts) => expressionOf(parts, after));
  const group = `(?:${each.join("|")})`;
  if (kind === "!") return `(?:(?!${group}${after})${ANY})`;
  return kind === "@" ? group : group + kind;
}

/** The expression for a character that stands for itself. */
function escaped(char: string): string {
  return /[a-zA-Z0-9]/.test(char) ? char : `\\u{${char.codePointAt(0)!.toString(16)}}`;
}
