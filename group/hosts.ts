import { shown } from "../tunnel/arguments/shown.ts";
import { misuse, typeError } from "../tunnel/misuse.ts";
import { expandTerms } from "./ranges/expand_terms.ts";

/**
 * The names of hosts that are written as ranges, as clustershell writes them. They are in the order
 * in which they are written, each once.
 *
 * - `web[1-50]` stands for `web1` to `web50`, `web[01-50]` for `web01` to `web50`. In a bracket are
 *   numbers and ranges with commas between them, as in `db[1,3,7-9]`. `[0-10/2]` is every second
 *   number. Several brackets in a name multiply.
 * - Names are divided by commas or white space.
 * - `!` or `,!` before a name leaves its hosts out of those that stand before it.
 *
 * @param expression Names and ranges. They may be 1,000,000, with those that are left out.
 * @returns The names, such as for `new Group()`.
 * @throws {TypeError} If it is not understood: a bracket that holds anything but numbers, or
 * clustershell's `&`, `^` and `@group`.
 * @throws {RangeError} If it stands for more names.
 *
 * @example
 * ```ts
 * import { Group, hosts } from "@chopsticks/chopsticks";
 *
 * console.log(hosts("web[08-10],db[1,3]")); // ["web08", "web09", "web10", "db1", "db3"]
 * console.log(hosts("r[1-2]n[1-2],!r2n1")); // ["r1n1", "r1n2", "r2n2"]
 * const web = new Group(hosts("web[01-50]"));
 * console.log(web.size); // 50
 * ```
 */
export function hosts(expression: string): string[] {
  if (typeof expression !== "string") {
    throw typeError(`expression is ${shown(expression)}: expected a text such as "web[1-9]"`);
  }
  const names = new Set<string>();
  try {
    for (const term of expandTerms(expression)) {
      for (const name of term.names) term.isExclusion ? names.delete(name) : names.add(name);
    }
  } catch (error) {
    throw misuse(`Cannot expand the hosts ${shown(expression)}: `, error);
  }
  return [...names];
}
