import type { SudoPassword } from "./sudo_password.ts";

/** The sudo in front of a command. Without a password, it fails rather than ask for one. */
export function sudoCommand(
  user: string | undefined,
  password: SudoPassword | undefined,
): string[] {
  return [
    "sudo",
    // From stdin: there is no terminal, and sudo would open one by itself.
    ...password === undefined ? ["-n"] : ["-S", "-p", password.prompt],
    "-H",
    ...user === undefined ? [] : ["-u", user],
    "--",
  ];
}
