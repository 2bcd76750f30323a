import { command } from "./command.ts";
import type { SudoService, Unavailable } from "./services.ts";

const USERS = ["root", "nobody"];

/** Finds out whether sudo works without a password. */
export async function findSudo(signal: AbortSignal): Promise<SudoService | Unavailable> {
  for (const user of USERS) {
    const { success, problem } = await command(["sudo", "-n", "-u", user, "true"], { signal });
    if (!success) return { available: false, reason: `no sudo to ${user}: ${problem}` };
  }
  return { available: true, users: USERS };
}
