import { misuse } from "../../tunnel/misuse.ts";
import { type ExpandedTerm, expandTerms } from "../ranges/expand_terms.ts";
import type { Entries } from "./entries.ts";

/** A group of all hosts, unless the inventory has another one of this name. */
const ALL = "all";

/** How many groups an error names. */
const MAX_NAMES = 10;

/**
 * The hosts that an expression such as `web,!web3` means in an inventory, in the order in which
 * they are written, each once. A name that a host and a group have means both.
 *
 * @throws {TypeError} If the expression is not understood, or names what is not there.
 */
export function selectHosts(entries: Entries, expression: string): Set<string> {
  try {
    return namesOf(entries, [...expandTerms(expression)], []);
  } catch (error) {
    throw misuse(`Cannot select the hosts ${JSON.stringify(expression)}: `, error);
  }
}

/** The hosts of a group. */
export function hostsOfGroup(entries: Entries, group: string): Set<string> {
  return namesOf(entries, entries.groups.get(group)!, [group]);
}

/** @param way The groups that it is about, from the outermost to the innermost. */
function namesOf(
  entries: Entries,
  terms: readonly ExpandedTerm[],
  way: readonly string[],
): Set<string> {
  const selected = new Set<string>();
  for (const { names, isExclusion } of terms) {
    for (const name of names) {
      for (const host of meaning(entries, name, way)) {
        isExclusion ? selected.delete(host) : selected.add(host);
      }
    }
  }
  return selected;
}

function meaning(entries: Entries, name: string, way: readonly string[]): Iterable<string> {
  const { hosts, groups } = entries;
  const own = hosts.has(name) ? [name] : [];
  const terms = groups.get(name);
  if (terms !== undefined && !(way.includes(name) && own.length > 0)) {
    if (way.includes(name)) {
      throw new TypeError(`a group is in itself: ${[...way, name].join(" -> ")}`);
    }
    return [...own, ...namesOf(entries, terms, [...way, name])];
  }
  if (own.length > 0) return own;
  if (name === ALL) return hosts.keys();
  const known = [...groups.keys()];
  const some = known.slice(0, MAX_NAMES).join(", ") + (known.length > MAX_NAMES ? ", …" : "");
  const remedy = known.length === 0 ? "" : `; the groups are ${some}`;
  throw new TypeError(`there is neither a host nor a group ${name}${remedy}`);
}
