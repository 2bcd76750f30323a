import { command } from "./command.ts";

/** A user to make. */
export interface NewUser {
  readonly name: string;
  readonly shell: string;
  readonly home: string;
  /** A hash as in /etc/shadow; without one, no password fits. */
  readonly password?: string;
}

/**
 * Makes a user of this machine.
 *
 * @returns What went wrong, or an empty text.
 */
export async function createUser(user: NewUser, signal: AbortSignal): Promise<string> {
  // Not the usual "!": sshd would take the account for locked.
  const { name, shell, home, password = "*" } = user;
  const argv = ["useradd", "--system", "--gid", "nogroup", "--no-user-group"];
  argv.push("--password", password, "--create-home", "--home-dir", home, "--shell", shell, name);
  // Another program may hold the lock of /etc/passwd for a moment.
  for (let attempt = 1;; attempt++) {
    const { success, stderr, problem } = await command(argv, { signal });
    if (success) return "";
    if (!stderr.includes("try again later") || attempt === 50) return problem;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
