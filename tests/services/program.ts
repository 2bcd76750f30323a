import { which } from "./command.ts";
import type { ProgramService, Unavailable } from "./services.ts";

/**
 * Finds a program that tests run.
 *
 * @param name The program.
 * @param source The package that it is in.
 */
export function findProgram(name: string, source: string): ProgramService | Unavailable {
  const path = which(name);
  return path === undefined
    ? { available: false, reason: `install ${source}` }
    : { available: true, path };
}
