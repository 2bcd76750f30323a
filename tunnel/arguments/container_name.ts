import { typeError } from "../misuse.ts";
import { checkNoLeadingDash } from "./leading_dash.ts";
import { shown } from "./shown.ts";

/** The names that Docker and its kin accept for a container. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** @throws {TypeError} If `value` cannot be the name or the id of a container. */
export function checkContainerName(key: string, value: unknown): void {
  checkNoLeadingDash(key, value);
  if (!NAME.test(value as string)) {
    throw typeError(
      `${key} is ${shown(value)}: expected a letter or digit, then letters, digits, _, . or -`,
    );
  }
}
