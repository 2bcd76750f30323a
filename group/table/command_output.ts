import { isPlain } from "./plain.ts";

/** What `sh()` gives, as text. */
export interface CommandOutput {
  readonly text: string;
  /** How it ended, if that is worth a word. */
  readonly note: string;
}

/** The properties of the result of `sh()`, see `agent/commands/sh_result.ts`. */
const KEYS = ["code", "command", "signal", "stderr", "stdout"].join();

/** The output of a command if `value` is a result of `sh()` with its output as text. */
export function commandOutput(value: unknown): CommandOutput | undefined {
  if (!isPlain(value) || Object.keys(value).sort().join() !== KEYS) return undefined;
  const { code, signal, stdout, stderr } = value;
  if (typeof stdout !== "string" || typeof stderr !== "string") return undefined;
  if (code !== null && typeof code !== "number") return undefined;
  const lines = [...linesOf(stdout), ...linesOf(stderr).map((line) => `stderr: ${line}`)];
  const end = typeof signal === "string" ? `ended by ${signal}` : code === 0 ? "" : `code ${code}`;
  return { text: lines.join("\n"), note: end || (lines.length === 0 ? "no output" : "") };
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}
