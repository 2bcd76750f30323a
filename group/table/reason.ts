import { ConnectionError } from "../../tunnel/connection_error.ts";
import { visible } from "../../tunnel/visible.ts";
import type { ErrorResult } from "../error_result.ts";

/** A reason with more characters or lines is cut. */
const MAX_LENGTH = 300;
const MAX_LINES = 3;

/**
 * Why a host failed, in one line that does not name the host: then hosts with the same reason
 * share a row.
 *
 * @param host The host.
 * @param result Its result.
 */
export function reasonOf(host: string, result: ErrorResult): string {
  const said = result.msg.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  // The rest of a connection error, such as the command, would only fill the row.
  const [line = "", ...others] = result.error instanceof ConnectionError ? said.slice(0, 1) : said;
  const name = visible(host).replace(/\W/g, "\\$&");
  const first = line.replace(new RegExp(` (?:on|to|from) ${name}(?=:| )`), "")
    .replace(new RegExp(`: on ${name}, `), ": ");
  const lines = [first, ...others.slice(0, MAX_LINES - 1)];
  if (others.length >= MAX_LINES) lines.push("…");
  // The output of a command often begins on a line of its own.
  const reason = lines.join(" ⏎ ").replace(/: ⏎ /, ": ");
  return reason.length > MAX_LENGTH ? `${reason.slice(0, MAX_LENGTH)}…` : reason;
}
