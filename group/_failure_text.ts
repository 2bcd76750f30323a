import { inspect } from "node:util";
import { ConnectionError } from "../tunnel/connection_error.ts";
import { visible } from "../tunnel/visible.ts";

/** A reason with more characters or lines is cut. */
const MAX_LENGTH = 300;
/** Of a connection that fails: the remedy is at the end. */
const MAX_CONNECTION_LENGTH = 600;
const MAX_LINES = 3;

/** The text of an error, or of an abort's reason, which may be anything. It is visible. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return visible(error.message === "" ? error.name : error.message);
  return visible(typeof error === "string" ? error : inspect(error));
}

/**
 * The message of an error in one line, at most 300 characters, or 600 of a connection's.
 *
 * @param error The error.
 * @param host The host, which the line need not name: then hosts with the same reason share a row.
 */
export function reasonOf(error: unknown, host?: string): string {
  const said = messageOf(error).split("\n").map((line) => line.trim())
    .filter((line) => line !== "");
  // The rest of a connection error, such as the command, would only fill the row.
  const [line = "", ...others] = error instanceof ConnectionError ? said.slice(0, 1) : said;
  const first = host === undefined ? line : withoutHost(line, host);
  const lines = [first, ...others.slice(0, MAX_LINES - 1)];
  if (others.length >= MAX_LINES) lines.push("…");
  // The output of a command often begins on a line of its own.
  const reason = lines.join(" ⏎ ").replace(/: ⏎ /, ": ").replaceAll("\t", " ");
  const max = error instanceof ConnectionError ? MAX_CONNECTION_LENGTH : MAX_LENGTH;
  return reason.length > max ? `${reason.slice(0, max)}…` : reason;
}

/** A reason without the name of the host, where our own messages have it. */
export function withoutHost(reason: string, host: string): string {
  const name = visible(host).replace(/\W/g, "\\$&");
  return reason.replace(new RegExp(` (?:on|to|from) ${name}(?=:| )`), "")
    .replace(new RegExp(`: on ${name}, `), ": ");
}
