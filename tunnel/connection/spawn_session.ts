import { accessSync, constants, statSync } from "node:fs";

/**
 * Starts a program in a session of its own, out of reach of the terminal. Deno's own `detached`
 * copies the memory map of this process for that, which takes 3 ms and more; `setsid` takes none of
 * this process's time, and becomes the program.
 *
 * @throws {Error} If the program cannot be started, as `Deno.Command` does.
 */
export function spawnSession(
  program: string,
  options: Omit<Deno.CommandOptions, "detached">,
): Deno.ChildProcess {
  const { args = [], env = {} } = options;
  // `setsid` would say in its own words why a program cannot be started.
  if (!("PATH" in env) && !program.startsWith("-") && maySearch() && find(program) !== undefined) {
    const setsid = find("setsid");
    if (setsid !== undefined) {
      return new Deno.Command(setsid, { ...options, args: [program, ...args] }).spawn();
    }
  }
  return new Deno.Command(program, { ...options, detached: true }).spawn();
}

/** Whether this script may run `setsid` and look for programs. It must not ask the user. */
function maySearch(): boolean {
  const { permissions } = Deno;
  return (["run", "read", "env"] as const).every((name) =>
    permissions.querySync({ name }).state === "granted"
  );
}

/** Where a program is that can be started. */
function find(program: string): string | undefined {
  if (program.includes("/")) return isProgram(program) ? program : undefined;
  for (const folder of Deno.env.get("PATH")?.split(":") ?? []) {
    if (folder.startsWith("/") && isProgram(`${folder}/${program}`)) return `${folder}/${program}`;
  }
  return undefined;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
