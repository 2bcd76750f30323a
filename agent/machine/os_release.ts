/** What a system calls itself. */
export interface Distribution {
  /** Short name for programs, in lower case: `debian`, `alpine`, `macos`. */
  id: string;
  /** Ids of the systems it derives from, the closest first: `["rhel", "centos", "fedora"]`. */
  idLike: string[];
  /** Name for people: `Debian GNU/Linux`, `macOS`. */
  name: string;
  /** Version, or `null` when there is none, as with rolling releases: `12`, `24.04`, `15.5`. */
  version: string | null;
  /** Name and version for people: `Debian GNU/Linux 12 (bookworm)`. */
  prettyName: string;
}

/**
 * Reads `/etc/os-release`: lines of shell assignments, without expansion, the last one of a name
 * counting. What is missing gets the default of os-release(5), so an empty text is `Linux`.
 */
export function parseOsRelease(text: string): Distribution {
  const fields = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/^[ \t]*([A-Z0-9_]+)=(.*)$/gm)) {
    fields.set(name!, unquote(value!.trim()));
  }
  // An empty assignment is as good as none.
  const field = (name: string): string | null => fields.get(name) || null;
  const name = field("NAME") ?? "Linux";
  return {
    id: field("ID") ?? "linux",
    idLike: field("ID_LIKE")?.split(/\s+/) ?? [],
    name,
    version: field("VERSION_ID"),
    prettyName: field("PRETTY_NAME") ?? "Linux",
  };
}

/** Reads macOS's `SystemVersion.plist`, the property list that `sw_vers` prints from. */
export function parseSystemVersion(plist: string): Distribution {
  const field = (key: string): string | null =>
    new RegExp(`<key>${key}</key>\\s*<string>([^<]*)</string>`).exec(plist)?.[1] || null;
  const name = field("ProductName") ?? "macOS";
  const version = field("ProductVersion");
  return {
    id: "macos",
    idLike: [],
    name,
    version,
    prettyName: version ? `${name} ${version}` : name,
  };
}

function unquote(value: string): string {
  if (/^'[^']*'$/.test(value)) return value.slice(1, -1);
  const inner = /^"(.*)"$/.exec(value)?.[1] ?? value;
  return inner.replace(/\\(.)/g, "$1");
}
