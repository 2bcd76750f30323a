import { command, lastLine, startDaemon, which } from "./command.ts";
import { freePorts } from "./free_port.ts";
import { loginUsers } from "./logins.ts";
import { shellUsers } from "./shells.ts";
import type { SSHService, Unavailable } from "./services.ts";
import { ADDRESSES, HOSTS, sshConfig, sshdConfig, type SSHSettings } from "./ssh_config.ts";

/** A running sshd. */
export interface RunningSSH {
  readonly service: SSHService | Unavailable;
  /** Stops the part in this process; sshd itself is ended with the run's folder. */
  stop(): void;
}

/**
 * Starts sshd on loopback, with its own keys and configuration.
 *
 * @param runFolder The run's folder.
 */
export async function startSSH(runFolder: string, signal: AbortSignal): Promise<RunningSSH> {
  const silent = listenSilently();
  const stop = (): void => silent.close();
  const missing = (reason: string): RunningSSH => {
    stop();
    return { service: { available: false, reason: `no sshd: ${reason}` }, stop: () => {} };
  };

  // sshd runs itself again for each connection, which needs an absolute path.
  const sshd = which("sshd");
  if (sshd === undefined) return missing("install openssh-server");
  const folder = `${runFolder}/ssh`;
  const settings: SSHSettings = {
    folder,
    port: freePorts(1)[0]!,
    silentPort: (silent.addr as Deno.NetAddr).port,
    user: (await command(["id", "-un"])).stdout.trim(),
    shellUsers: shellUsers(runFolder),
    loginUsers: loginUsers(runFolder),
  };
  try {
    await writeFiles(settings, signal);
    await writeConfig(sshd, settings, signal);
  } catch (error) {
    return missing(error instanceof Error ? error.message : String(error));
  }

  const log = `${folder}/sshd.log`;
  const daemon = startDaemon([sshd, "-D", "-e", "-f", `${folder}/sshd_config`], log);
  let ended = false;
  daemon.status.then(() => ended = true);
  const config = `${folder}/ssh_config`;
  for (;;) {
    const tried = await command(["ssh", "-F", config, "host1", "true"], { signal });
    if (tried.success) break;
    const refused = tried.problem.endsWith("Connection refused");
    if (ended) return missing(lastLine(await Deno.readTextFile(log)));
    if (!refused || signal.aborted) return missing(tried.problem);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    service: {
      available: true,
      config,
      hosts: Array.from({ length: HOSTS }, (_, i) => `host${i + 1}`),
      refused: "refused",
      badKey: "badkey",
      unverified: "unverified",
      password: "password",
      silent: "silent",
    },
    stop,
  };
}

async function writeFiles(settings: SSHSettings, signal: AbortSignal): Promise<void> {
  const { folder, port } = settings;
  await Deno.mkdir(folder);
  // sshd reads authorized_keys as the user that logs in.
  await Deno.chmod(folder, 0o755);
  for (const name of ["host_key", "user_key", "bad_key"]) {
    const { success, problem } = await command(
      ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", `${folder}/${name}`],
      { signal },
    );
    if (!success) throw new Error(problem);
  }
  await Deno.copyFile(`${folder}/user_key.pub`, `${folder}/authorized_keys`);
  await Deno.chmod(`${folder}/authorized_keys`, 0o644);
  const hostKey = await Deno.readTextFile(`${folder}/host_key.pub`);
  const names = ADDRESSES.map((address) => `[${address}]:${port}`).join(",");
  await Deno.writeTextFile(`${folder}/known_hosts`, `${names} ${hostKey}`);
  await Deno.writeTextFile(`${folder}/ssh_config`, sshConfig(settings));
}

async function writeConfig(
  sshd: string,
  settings: SSHSettings,
  signal: AbortSignal,
): Promise<void> {
  // The system's sshd makes this folder at boot. It is empty, and others may need it: keep it.
  if (Deno.uid() === 0 && Deno.build.os === "linux") {
    await Deno.mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  }
  const path = `${settings.folder}/sshd_config`;
  let problem = "";
  for (const penalties of [true, false]) {
    await Deno.writeTextFile(path, sshdConfig(settings, penalties));
    const checked = await command([sshd, "-t", "-f", path], { signal });
    if (checked.success) return;
    problem = checked.problem;
  }
  throw new Error(problem);
}

function listenSilently(): Deno.Listener {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted: Deno.Conn[] = []; // A connection that is not kept would be closed.
  (async () => {
    for await (const connection of listener) accepted.push(connection);
  })().catch(() => {}).finally(() => accepted.forEach((connection) => connection.close()));
  return listener;
}
