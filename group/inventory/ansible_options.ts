import { parse } from "npm:shell-quote@1.12.0";
import { shown } from "../../tunnel/arguments/shown.ts";
import type { SSHTunnelOptions } from "../../tunnel/ssh_tunnel.ts";

/** How Ansible would reach a host. */
export interface AnsibleOptions {
  readonly connection: "ssh" | "local" | "docker" | "podman";
  readonly address?: string;
  readonly options: SSHTunnelOptions;
}

type Vars = Readonly<Record<string, unknown>>;

/** The connection plugins that mean something here. */
const CONNECTIONS: Readonly<Record<string, AnsibleOptions["connection"]>> = {
  ssh: "ssh",
  smart: "ssh",
  paramiko: "ssh",
  paramiko_ssh: "ssh",
  "ansible.builtin.ssh": "ssh",
  local: "local",
  "ansible.builtin.local": "local",
  docker: "docker",
  "community.docker.docker": "docker",
  "community.docker.docker_api": "docker",
  podman: "podman",
  "containers.podman.podman": "podman",
};

const YES: readonly unknown[] = [true, 1, "1", "true", "True", "yes", "Yes", "on", "y"];

/**
 * The options that the variables by which Ansible connects mean.
 *
 * @throws {TypeError} If one of them means something that cannot be done here.
 */
export function ansibleOptions(vars: Vars): AnsibleOptions {
  const plugin = textOf(vars, "ansible_connection") ?? "ssh";
  const connection = Object.hasOwn(CONNECTIONS, plugin) ? CONNECTIONS[plugin] : undefined;
  if (connection === undefined) {
    throw new TypeError(
      `ansible_connection is ${shown(plugin)}: only ssh, local, docker and podman are known here`,
    );
  }
  const address = textOf(vars, "ansible_host", "ansible_ssh_host");
  const user = textOf(vars, "ansible_user", "ansible_ssh_user");
  const port = textOf(vars, "ansible_port", "ansible_ssh_port");
  const password = textOf(vars, "ansible_password", "ansible_ssh_password", "ansible_ssh_pass");
  const key = textOf(vars, "ansible_private_key_file", "ansible_ssh_private_key_file");
  const sudo = sudoOf(vars);
  const sshArgs = [
    ...key === undefined ? [] : ["-i", key],
    ...argsOf(vars, "ansible_ssh_common_args"),
    ...argsOf(vars, "ansible_ssh_extra_args"),
  ];
  return {
    connection,
    ...address !== undefined && { address },
    options: {
      ...user !== undefined && { user },
      ...port !== undefined && { port: Number(port) },
      ...password !== undefined && { password },
      ...sudo !== undefined && { sudo },
      ...sshArgs.length > 0 && { sshArgs },
    },
  };
}

function sudoOf(vars: Vars): SSHTunnelOptions["sudo"] {
  const user = textOf(vars, "ansible_become_user");
  const wanted = vars.ansible_become ?? user !== undefined;
  if (!YES.includes(wanted)) return undefined;
  const method = textOf(vars, "ansible_become_method") ?? "sudo";
  if (method !== "sudo" && method !== "ansible.builtin.sudo") {
    throw new TypeError(`ansible_become_method is ${shown(method)}: only sudo is known here`);
  }
  const password = textOf(vars, "ansible_become_password", "ansible_become_pass");
  return {
    ...user !== undefined && { user },
    ...password !== undefined && { password },
  };
}

/** The first of these variables that is there, as a text. */
function textOf(vars: Vars, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = Object.hasOwn(vars, name) ? vars[name] : undefined;
    if (value === undefined || value === null) continue;
    if (typeof value !== "string" && typeof value !== "number") {
      // Such as what is in a vault: it is not shown.
      throw new TypeError(`${name} is not a text (is it in a vault that was not opened?)`);
    }
    const text = String(value);
    if (text.includes("{{") || text.includes("{%")) {
      throw new TypeError(`${name} is a template, which only Ansible can fill in: write its value`);
    }
    return text;
  }
  return undefined;
}

/** Arguments for ssh, which Ansible splits as a shell does. */
function argsOf(vars: Vars, name: string): string[] {
  const args = parse(textOf(vars, name) ?? "", (variable: string) => `$${variable}`);
  return args.map((arg: unknown) => {
    if (typeof arg === "string") return arg;
    throw new TypeError(`${name} has more than words for ssh: quote what a shell would understand`);
  });
}
