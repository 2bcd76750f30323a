import { type Option, SECTIONS } from "./options.ts";

const HEAD = `Runs commands and functions on many hosts, and moves files, all side by side.

  cli.ts -w HOSTS [OPTION…] -- COMMAND [ARGUMENT…]
  cli.ts -w HOSTS [OPTION…] --call MODULE#NAME [JSON…]
  cli.ts -w HOSTS [OPTION…] put FILE [PATH]      a file from here to there
  cli.ts -w HOSTS [OPTION…] fetch PATH FILE      a file from there to here
  cli.ts -w HOSTS [OPTION…] sync FOLDER PATH     a folder there as it is here
  cli.ts -w HOSTS [OPTION…] facts [NAME…]        what the hosts are

Examples:

  cli.ts -w 'web[1-50]' -- uptime
  cli.ts -w 'web[1-50],!web13' --sudo -- systemctl restart nginx
  cli.ts -w db1,db2 -- 'df -h / | tail -1'
  cli.ts -w 'web[1-9]' --stream -- tail -F /var/log/nginx/error.log
  cli.ts -i hosts.yaml -w web --json facts | jq .
  cli.ts -w 'web[1-9]' fetch /etc/nginx/nginx.conf 'conf/{host}.conf'
  cat key.pub | cli.ts -w 'web[1-9]' -- 'cat >> .ssh/authorized_keys'

Hosts with the same output share it; failures come last. A command that ends
with another code than 0 has failed. One argument behind -- is a line for the
shell there; several are a program and its arguments, which no shell reads.
What is piped into stdin is passed on to the command on every host. In the FILE
of fetch, {host} is the host, and folders are made; the FILE - of put is stdin.
Facts are hostname, ip, os, runtime, memory, disks and routes.`;

const TAIL = `The exit code is 0, or 1 if a host failed, 2 for misuse, 130 after Ctrl-C: what
runs is ended at both ends, and the results that are there are shown.`;

/** The page that `--help` prints. */
export function helpText(): string {
  const sections = Object.entries(SECTIONS).map(([title, options]) =>
    [`${title}:`, ...Object.entries(options).flatMap(([name, option]) => linesOf(name, option))]
      .join("\n")
  );
  return [HEAD, ...sections, TAIL].join("\n\n");
}

/** How many columns stand before what an option does. */
const COLUMN = 28;

function linesOf(name: string, { short, value, help }: Option): string[] {
  const form = `--${name}${value === undefined ? "" : ` ${value}`}`;
  const label = `  ${short === undefined ? "    " : `-${short}, `}${form}`;
  const [first, ...others] = help;
  const rest = others.map((line) => " ".repeat(COLUMN) + line);
  return label.length < COLUMN - 1
    ? [label.padEnd(COLUMN) + first, ...rest]
    : [label, " ".repeat(COLUMN) + first, ...rest];
}
