/** An option of the command line, for the parser and for the help. */
export interface Option {
  readonly short?: string;
  /** What stands for its value in the help; an option without one is a flag. */
  readonly value?: string;
  /** Whether it can be given several times. */
  readonly multiple?: boolean;
  /** Lines of the help. */
  readonly help: readonly string[];
}

/** The name of an option. */
export type OptionName =
  | "hosts"
  | "inventory"
  | "local"
  | "docker"
  | "docker-arg"
  | "user"
  | "port"
  | "jump"
  | "ssh-config"
  | "ssh-option"
  | "sudo"
  | "sudo-user"
  | "ask-password"
  | "ask-sudo-password"
  | "retries"
  | "runtime"
  | "provision"
  | "concurrency"
  | "timeout"
  | "max-failures"
  | "no-stdin"
  | "stream"
  | "json"
  | "help"
  | "call"
  | "mode"
  | "recursive"
  | "delete"
  | "checksum"
  | "exclude"
  | "dry-run"
  | "diff";

/** The options by the part of the help that they are in. */
export const SECTIONS: Readonly<Record<string, Readonly<Partial<Record<OptionName, Option>>>>> = {
  "Which hosts": {
    hosts: {
      short: "w",
      value: "HOSTS",
      multiple: true,
      help: [
        "names, ranges, ! to leave out: 'web[01-50],!web13'",
        "with an inventory, groups, too: 'web,!db1', or all",
      ],
    },
    inventory: {
      short: "i",
      value: "SOURCE",
      help: [
        "a JSON or YAML file { hosts, groups }, or",
        "ssh_config (or that of -F), or ansible:PATH",
      ],
    },
    local: { help: ["names are processes on this machine; one without -w"] },
    docker: { value: "IMAGE", help: ["each name is a new container of this image"] },
    "docker-arg": {
      value: "ARG",
      multiple: true,
      help: ["another argument for docker run, as in", "--docker-arg=--network=none"],
    },
  },
  "How to log in": {
    user: { short: "l", value: "USER", help: ["log in as this user"] },
    port: { short: "p", value: "PORT", help: ["the port of sshd"] },
    jump: { short: "J", value: "HOST", help: ["go by way of this host, as ssh -J does"] },
    "ssh-config": { short: "F", value: "FILE", help: ["another file than ~/.ssh/config"] },
    "ssh-option": {
      short: "o",
      value: "KEY=VALUE",
      multiple: true,
      help: ["an option of ssh, as in ssh -o"],
    },
    sudo: { help: ["run as root, by sudo there"] },
    "sudo-user": { value: "USER", help: ["run as this user, by sudo there"] },
    "ask-password": { help: ["ask once for the password of the login"] },
    "ask-sudo-password": { help: ["ask once for the password that sudo wants"] },
    retries: {
      value: "N",
      help: ["try so often again to connect to a host that is not", "ready (0)"],
    },
    runtime: {
      value: "NAME",
      help: ["what runs there: deno, node, or auto (auto)"],
    },
    provision: { help: ["bring Deno to hosts without Deno and Node"] },
  },
  "How to go on": {
    concurrency: { short: "f", value: "N", help: ["work on so many hosts at a time (100)"] },
    timeout: { value: "TIME", help: ["give each host so long: 30 (seconds), 500ms, 5m, 1h"] },
    "max-failures": {
      value: "N",
      help: ["begin no more hosts when more than N, or N%, failed"],
    },
    "no-stdin": { short: "n", help: ["do not pass stdin on to the commands"] },
  },
  "What to print": {
    stream: { help: ["lines as they come, behind the name of the host"] },
    json: {
      help: [
        "one object { host: value or { error } }; with",
        "--stream, such an object in each line",
      ],
    },
    help: { short: "h", help: ["this page"] },
  },
  "What to call, in place of a command or a verb": {
    call: {
      value: "MODULE#NAME",
      help: [
        "an exported function; its arguments follow as JSON:",
        "--call ./checks.ts#lag 5 '\"db1\"'",
      ],
    },
  },
  "For put, fetch and sync": {
    mode: { value: "MODE", help: ["put: the file's mode (644)"] },
    recursive: { short: "r", help: ["fetch: a folder with all that is in it"] },
    delete: { help: ["sync, fetch -r: remove what is not in the source"] },
    checksum: { help: ["sync, fetch -r: compare contents, not size and time"] },
    exclude: {
      value: "GLOB",
      multiple: true,
      help: ["sync, fetch -r: leave alone, as in a .gitignore"],
    },
    "dry-run": { help: ["put, sync, fetch -r: only say what would be done"] },
    diff: { help: ["put, sync, fetch -r: show how texts change"] },
  },
};

/** All options by their names. */
export const OPTIONS: Readonly<Record<OptionName, Option>> = Object.assign(
  {},
  ...Object.values(SECTIONS),
);
