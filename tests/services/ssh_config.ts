/** The number of hosts in the client's configuration. */
export const HOSTS = 60;

/** The settings of both configuration files. */
export interface SSHSettings {
  /** The folder of the keys and other files. */
  readonly folder: string;
  readonly port: number;
  /** A port that accepts connections and never sends anything. */
  readonly silentPort: number;
  /** The user on the plain hosts. */
  readonly user: string;
  /** From the alias of a host to its user with an unusual login shell. */
  readonly shellUsers: Readonly<Record<string, string>>;
  /** From the alias of a host to its user with a password. */
  readonly loginUsers: Readonly<Record<string, string>>;
}

/**
 * The addresses that sshd listens on. It can have 16 sockets (MAX_LISTEN_SOCKS in sshd.c), so the
 * 60 hosts share them. On other systems than Linux, only 127.0.0.1 exists without configuration.
 */
export const ADDRESSES: readonly string[] = Deno.build.os === "linux"
  ? Array.from({ length: 16 }, (_, i) => `127.0.0.${i + 1}`)
  : ["127.0.0.1"];

/**
 * The configuration for `sshd -f`.
 *
 * @param penalties Whether this sshd knows `PerSourcePenalties` (OpenSSH 9.8 and later). It would
 * lock all tests out after a test of a refused login.
 */
export function sshdConfig(
  { folder, port, user, loginUsers }: SSHSettings,
  penalties: boolean,
): string {
  return `Port ${port}
${ADDRESSES.map((address) => `ListenAddress ${address}`).join("\n")}
HostKey ${folder}/host_key
AuthorizedKeysFile ${folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
UseDNS no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
# It takes 75 ms of processor time for each connection, and tests open dozens.
KexAlgorithms -sntrup761x25519-sha512*
PrintMotd no
PrintLastLog no
MaxStartups 1000
MaxSessions 1000
Subsystem sftp internal-sftp
${penalties ? "PerSourcePenalties no" : ""}
# The first does not exist: it is for being asked a password.
Match User asked,${Object.values(loginUsers).join(",")}
  PasswordAuthentication yes
# bash reads the rc file of whoever runs the tests, which may take its time, only on the first level.
Match User ${user}
  SetEnv SHLVL=1
`;
}

/** The configuration for `ssh -F`. */
export function sshConfig(settings: SSHSettings): string {
  const { folder, port, silentPort, user, shellUsers, loginUsers } = settings;
  const hosts = Array.from({ length: HOSTS }, (_, i) => {
    const address = ADDRESSES[i % ADDRESSES.length];
    return `Host host${i + 1}\n  HostName ${address}\n`;
  });
  const shells = Object.entries(shellUsers).map(([alias, name]) =>
    `Host ${alias}\n  HostName 127.0.0.1\n  User ${name}\n`
  );
  // By key, or with the prefix `asks-` by password.
  const logins = Object.entries(loginUsers).map(([alias, name]) =>
    `Host login-${alias} asks-${alias}\n  HostName 127.0.0.1\n  User ${name}\n`
  );
  // With the first of these users; `asks-2` is another address.
  const asking = ADDRESSES.slice(0, 5).map((address, i) =>
    `Host asks-${i + 1} via-asks-${i + 1}\n  HostName ${address}\n` +
    `  User ${Object.values(loginUsers)[0]}\n`
  );
  return `${hosts.join("")}${shells.join("")}${logins.join("")}${asking.join("")}
Host asks-*
  PreferredAuthentications password
  PubkeyAuthentication no
  BatchMode no
Host via-asks-*
  ProxyJump asks-1
  PreferredAuthentications password
  PubkeyAuthentication no
  BatchMode no
# Only a superuser could listen on port 1, and nobody does.
Host refused
  HostName 127.0.0.1
  Port 1
Host badkey
  HostName 127.0.0.1
  IdentityFile ${folder}/bad_key
Host unverified
  HostName 127.0.0.1
  UserKnownHostsFile /dev/null
  StrictHostKeyChecking ask
  BatchMode no
Host password
  HostName 127.0.0.1
  User asked
  PreferredAuthentications password
  BatchMode no
Host silent
  HostName 127.0.0.1
  Port ${silentPort}
# Where an option is set twice, ssh takes the first.
Host * !badkey
  IdentityFile ${folder}/user_key
Host *
  User ${user}
  Port ${port}
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile ${folder}/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  UpdateHostKeys no
  BatchMode yes
  ControlMaster no
  ControlPath none
`;
}
