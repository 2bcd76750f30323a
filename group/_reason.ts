import { visible } from "../tunnel/visible.ts";
import type { ErrorResult } from "./error_result.ts";

/** A longer reason is cut. */
const MAX_LENGTH = 300;

/**
 * What happened on a host, in a line that does not name the host: then many hosts can have the same.
 *
 * @param host The host that the result is of.
 * @param result The result.
 */
export function reasonOf(host: string, result: ErrorResult): string {
  const [line = ""] = result.msg.split("\n", 1);
  const name = visible(host).replace(/\W/g, "\\$&");
  const reason = line.replace(new RegExp(` (?:on|to|from) ${name}(?=:| )`), "")
    .replace(new RegExp(`: on ${name}, `), ": ");
  return reason.length > MAX_LENGTH ? `${reason.slice(0, MAX_LENGTH)}…` : reason;
}
