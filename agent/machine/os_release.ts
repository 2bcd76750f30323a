/** The names and versions by which a system calls itself. */
export interface Distribution {
  /** The short name for programs, in lower case: `debian`, `alpine`, `macos`. */
  id: string;
  /**
   * The ids of the systems that it derives from, the closest first: `["rhel", "centos", "fedora"]`.
   */
  idLike: string[];
  /** The name for people: `Debian GNU/Linux`, `macOS`. */
  name: string;
  /** The version, `12`, `24.04` or `15.5`; `null` without one, as with rolling releases. */
  version: string | null;
  /** The name and version for people: `Debian GNU/Linux 12 (bookworm)`. */
  prettyName: string;
}

/**
 * Reads `/etc/os-release`: lines of shell assignments without expansion, of which the last one for
 * a name counts. Missing fields get the defaults of os-release(5), so an empty text gives `Linux`.
 */
export function parseOsRelease(text: string): Distribution {
  const fields = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/^[ \t]*([A-Z0-9_]+)=(.*)$/gm)) {
    fields.set(name!, unquote(value!.trim()));
  }
  // An empty assignment counts as a missing field.
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

/** Reads macOS's `SystemVersion.plist`, the property list behind `sw_vers`. */
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
