import { CommandError, type ShResult } from "../agent/sh.ts";
import { ErrorResult } from "../group/error_result.ts";

/** The output of a command that has failed, if that is why a host has no value. */
export function failedCommand(result: unknown): ShResult | undefined {
  if (!(result instanceof ErrorResult) || !(result.error instanceof CommandError)) return undefined;
  const { command, code, signal, stdout, stderr } = result.error;
  return { command, code, signal, stdout: String(stdout), stderr };
}

/** Whether a far end has told how a command ended. It may say anything, also what has no text. */
export function isCommandEnd(value: unknown): value is ShResult<string | Uint8Array> {
  const { command, code, signal, stdout, stderr } = (value ?? {}) as Record<string, unknown>;
  return typeof command === "string" && (code === null || typeof code === "number") &&
    (signal === null || typeof signal === "string") && typeof stderr === "string" &&
    (typeof stdout === "string" || stdout instanceof Uint8Array);
}
