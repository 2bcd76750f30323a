/** A part of a host expression, such as `web[1-3]`. */
export interface Term {
  readonly text: string;
  /** Whether it leaves hosts out of those before it. */
  readonly isExclusion: boolean;
}

/** An operator, white space, or a name with its brackets, in which a comma belongs to the name. */
const TOKEN = /\s*(,\s*!|[,!&^])\s*|(\s+)|((?:\[[^\]]*\]?|[^\s,!&^[])+)/y;

/** Operators of clustershell that are not understood here, and what there is instead. */
const OTHERS: Readonly<Record<string, string>> = {
  "&": '"&" (the hosts of both) is not understood; use the intersection() of two groups',
  "^": '"^" (the hosts of only one) is not understood; use the symmetricDifference() of two groups',
};

/**
 * Cuts a host expression at its commas, exclamation marks and white space.
 *
 * @throws {TypeError} If an operator is not understood, or lacks a name.
 */
export function termsOf(expression: string): Term[] {
  const terms: Term[] = [];
  let operator: string | undefined;
  for (const [token, given, space, text] of expression.trim().matchAll(new RegExp(TOKEN, "gy"))) {
    if (space !== undefined) continue;
    if (given !== undefined) {
      if (given in OTHERS) throw new TypeError(OTHERS[given]);
      if (operator !== undefined || terms.length === 0) throw missing(given);
      operator = given;
      continue;
    }
    if (text === undefined || text.startsWith("@")) throw unknown(token);
    terms.push({ text, isExclusion: operator?.endsWith("!") ?? false });
    operator = undefined;
  }
  if (operator !== undefined) {
    throw new TypeError(`there is no name behind the last "${operator}"`);
  }
  return terms;
}

function unknown(token: string): TypeError {
  return new TypeError(
    `"${token}" is not understood (a group of clustershell); give the names of its hosts`,
  );
}

function missing(operator: string): TypeError {
  return new TypeError(
    operator === ","
      ? "a comma has no name before it"
      : `"${operator}" has no hosts before it to leave any out of`,
  );
}
