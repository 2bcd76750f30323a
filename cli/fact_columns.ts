import type { Disk, Memory, OperatingSystem, Route, Runtime } from "../agent/facts.ts";
import type { FactName } from "./host_facts.ts";

/** The facts of a host; those that were not asked for are missing. */
export interface Facts {
  readonly hostname: string;
  readonly ip: string;
  readonly os: OperatingSystem;
  readonly runtime: Runtime;
  readonly memory: Memory;
  readonly disks: readonly Disk[];
  readonly routes: readonly Route[];
}

const COLUMNS: { readonly [N in FactName]: (fact: Facts[N]) => Readonly<Record<string, string>> } =
  {
    hostname: (hostname) => ({ hostname }),
    ip: (ip) => ({ ip }),
    os: ({ prettyName, release, arch }) => ({ os: prettyName, kernel: release, arch }),
    runtime: ({ name, version }) => ({ runtime: `${name} ${version}` }),
    memory: ({ available, total }) => ({ "GiB free": `${gib(available)} of ${gib(total)}` }),
    disks: (disks) => ({ "GiB of disks free": disks.map(diskText).join(", ") }),
    routes: (routes) => ({ routes: routes.map(routeText).join(", ") }),
  };

/** What is shown if nobody says which facts; a table has no room for more. */
const USUAL: readonly FactName[] = ["hostname", "ip", "os", "runtime", "memory"];

/**
 * The facts of a host as columns of a table, for a person to read: `--json` has all of them.
 *
 * @param names Those that were asked for; of none, the usual ones are shown.
 */
export function factColumns(
  facts: Partial<Facts>,
  names: readonly FactName[],
): Record<string, string> {
  const columns = (names.length === 0 ? USUAL : names).map((name) =>
    (COLUMNS[name] as (fact: unknown) => Record<string, string>)(facts[name])
  );
  return Object.assign({}, ...columns);
}

/**
 * Checks what a host has told, which may be anything: columns of it could fail, or never end.
 *
 * @throws {TypeError} If it is no facts.
 */
export function checkFacts(facts: unknown, names: readonly FactName[]): void {
  try {
    if (isShallow(facts, MAX_DEPTH)) return void factColumns(facts as Partial<Facts>, names);
  } catch {
    // It lacks something.
  }
  throw new TypeError("It does not tell its facts");
}

/** How deep facts are: the disks have a list of disks, which have texts, or lists of these. */
const MAX_DEPTH = 4;

function isShallow(value: unknown, depth: number): boolean {
  if (value === null || typeof value !== "object") return true;
  return depth > 0 && Object.values(value).every((part) => isShallow(part, depth - 1));
}

function diskText({ mountPoint, available, size }: Disk): string {
  return `${mountPoint} ${gib(available)} of ${gib(size)}`;
}

function routeText({ destination, prefixLength, gateway, interface: name }: Route): string {
  return `${destination}/${prefixLength} ${gateway === null ? "" : `by ${gateway} `}on ${name}`;
}

function gib(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}
