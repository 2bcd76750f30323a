import { CommandError, type ShResult } from "../agent/sh.ts";
import { ErrorResult } from "../group/error_result.ts";

/** The output of a command that has failed, if that is why a host has no value. */
export function failedCommand(result: unknown): ShResult | undefined {
  if (!(result instanceof ErrorResult) || !(result.error instanceof CommandError)) return undefined;
  const { command, code, signal, stdout, stderr } = result.error;
  return { command, code, signal, stdout: String(stdout), stderr };
}
