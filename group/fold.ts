import { shown } from "../tunnel/arguments/shown.ts";
import { typeError } from "../tunnel/misuse.ts";
import { foldNames } from "./ranges/fold_names.ts";
import { hasRange } from "./ranges/expand.ts";

/**
 * Writes names of hosts as ranges: the reverse of {@linkcode hosts}, which gives the same names
 * again, those that differ only in a number in the order of these numbers.
 *
 * @param names Names of hosts; of equal ones, one counts.
 * @throws {TypeError} If a name could not be told from ranges: it is empty, or has a comma, white
 * space, or one of `[ ] ! & ^`, or an `@` in front.
 *
 * @example
 * ```ts
 * import { fold } from "@chopsticks/chopsticks";
 *
 * console.log(fold(["web01", "web02", "web03", "web05", "db1"])); // web[01-03,05],db1
 * ```
 */
export function fold(names: Iterable<string>): string {
  const list = [...names];
  for (const name of list) {
    if (typeof name !== "string" || /^$|^@|[\s,!&^]/.test(name) || hasRange(name)) {
      throw typeError(`Cannot fold the name ${shown(name)}: it would be read as ranges`);
    }
  }
  return foldNames(list).join(",");
}
