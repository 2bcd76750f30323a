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

/** Where programs were found, by the search path and their names. */
const found = new Map<string, string>();

/** Where a program is that can be started. */
function find(program: string): string | undefined {
  if (program.includes("/")) return isProgram(program) ? program : undefined;
  const path = Deno.env.get("PATH") ?? "";
  const key = `${path}\n${program}`;
  // Of many tunnels at once, each would look for a program in all folders before its own.
  const known = found.get(key);
  if (known !== undefined && isProgram(known)) return known;
  const place = path.split(":").filter((folder) => folder.startsWith("/"))
    .map((folder) => `${folder}/${program}`).find(isProgram);
  if (place !== undefined) found.set(key, place);
  return place;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
