import { command, which } from "./command.ts";
import { createUser } from "./create_user.ts";
import type { LoginsService, Unavailable } from "./services.ts";

/** From an alias to the lines of sudoers for its user, whose name replaces `USER`. */
const RULES = {
  plain: "USER ALL=(ALL) ALL",
  pty: "USER ALL=(ALL) ALL\nDefaults:USER use_pty",
  lecture: "USER ALL=(ALL) ALL\nDefaults:USER lecture=always, use_pty",
  localised: 'USER ALL=(ALL) ALL\nDefaults:USER passprompt="Passwort: ", badpass_message="Falsch!"',
  tty: "USER ALL=(ALL) ALL\nDefaults:USER requiretty",
  free: "USER ALL=(ALL) NOPASSWD: ALL\nDefaults:USER use_pty",
} as const;

type Alias = keyof typeof RULES;

/** The users of a run by their aliases; see {@linkcode LoginsService}. */
export function loginUsers(runFolder: string): Record<Alias, string> {
  const pid = runFolder.match(/-(\d+)-\d+$/)?.[1];
  const users = Object.keys(RULES).map((alias) => [alias, `chop${alias}${pid}x`]);
  return Object.fromEntries(users);
}

/** The file with the rules of a run. sudo leaves names with a dot alone. */
export function sudoersFile(runFolder: string): string {
  return `/etc/sudoers.d/${runFolder.slice(runFolder.lastIndexOf("/") + 1)}`;
}

/** Removes what sudo remembers of a user. */
export async function forgetSudo(user: string): Promise<void> {
  for (const folder of ["/run/sudo/ts", "/var/run/sudo/ts", "/var/lib/sudo/lectured"]) {
    await Deno.remove(`${folder}/${user}`).catch(() => {});
  }
}

/** Makes users with a password, whom sudo asks for it in different ways. */
export async function createLogins(
  runFolder: string,
  signal: AbortSignal,
): Promise<LoginsService | Unavailable> {
  const missing = (reason: string): Unavailable => ({
    available: false,
    reason: `no users with passwords: ${reason}`,
  });
  if (Deno.uid() !== 0) return missing("only root can make users");
  for (const program of ["sudo", "visudo", "openssl", "setpriv"]) {
    if (which(program) === undefined) return missing(`install ${program}`);
  }
  // Tests look for it in the command lines of all processes, and another run has its own.
  const password = `correct horse ${crypto.randomUUID()}`;
  const hashed = await command(["openssl", "passwd", "-6", password], { signal });
  if (!hashed.success) return missing(hashed.problem);
  const users = loginUsers(runFolder);
  await Deno.mkdir(`${runFolder}/home`, { recursive: true });
  await Deno.chmod(`${runFolder}/home`, 0o755);
  for (const [alias, name] of Object.entries(users)) {
    const problem = await createUser({
      name,
      shell: "/bin/sh",
      home: `${runFolder}/home/${alias}-login`,
      password: hashed.stdout.trim(),
    }, signal);
    if (problem !== "") return missing(problem);
  }
  const rules = Object.entries(RULES).map(([alias, rule]) =>
    rule.replaceAll("USER", users[alias as Alias])
  );
  const draft = `${runFolder}/sudoers`;
  await Deno.writeTextFile(draft, `${rules.join("\n")}\n`, { mode: 0o440 });
  const checked = await command(["visudo", "-cf", draft], { signal });
  if (!checked.success) return missing(checked.problem);
  await Deno.copyFile(draft, sudoersFile(runFolder));
  return { available: true, password, users };
}
