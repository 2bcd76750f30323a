import { typeError } from "../misuse.ts";
import { checkText } from "./check.ts";
import { shown } from "./shown.ts";

/** @throws {TypeError} If `value` is not a name, or a program would read it as an option. */
export function checkNoLeadingDash(key: string, value: unknown): void {
  if (value === undefined) throw typeError(`${key} is undefined: expected a string`);
  checkText(key, value);
  if ((value as string).startsWith("-")) {
    throw typeError(`${key} is ${shown(value)}: it would be read as an option`);
  }
}
