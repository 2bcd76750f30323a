import { ConnectionError } from "../../tunnel/connection_error.ts";
import { visible } from "../../tunnel/visible.ts";
import type { ErrorResult } from "../error_result.ts";

/** A longer reason is cut. */
const MAX_LENGTH = 300;
const MAX_LINES = 3;

/**
 * What happened on a host, in a line that does not name the host: then many hosts can have the same.
 *
 * @param host The host that the result is of.
 * @param result The result.
 */
export function reasonOf(host: string, result: ErrorResult): string {
  const said = result.msg.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  // What else a connection error says is of no use in a row, such as a command that fills it.
  const [line = "", ...others] = result.error instanceof ConnectionError ? said.slice(0, 1) : said;
  const name = visible(host).replace(/\W/g, "\\$&");
  const first = line.replace(new RegExp(` (?:on|to|from) ${name}(?=:| )`), "")
    .replace(new RegExp(`: on ${name}, `), ": ");
  const lines = [first, ...others.slice(0, MAX_LINES - 1)];
  if (others.length >= MAX_LINES) lines.push("…");
  // What a command printed often begins in a line of its own.
  const reason = lines.join(" ⏎ ").replace(/: ⏎ /, ": ");
  return reason.length > MAX_LENGTH ? `${reason.slice(0, MAX_LENGTH)}…` : reason;
}
