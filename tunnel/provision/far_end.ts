/** The systems and machines that Deno is made for, as its packages name them. */
export type Platform = "linux-x64" | "linux-arm64" | "darwin-x64" | "darwin-arm64";

/** The description that a far end gives of itself. */
export interface FarEnd {
  /** As `uname -s` says, such as `Linux`. */
  readonly system: string;
  /** As `uname -m` says, such as `x86_64`. */
  readonly machine: string;
  readonly hasGzip: boolean;
  /** The version of glibc; empty if it is not known. */
  readonly glibc: string;
  /** The files of {@linkcode LOADERS} that are there. */
  readonly loaders: readonly string[];
  /** The commands that are not there, although they are needed. */
  readonly missing: readonly string[];
}

/** The loaders of programs that tell which C library there is. */
export const LOADERS: readonly string[] = [
  "/lib64/ld-linux-x86-64.so.2",
  "/lib/ld-linux-aarch64.so.1",
  "/lib/ld-musl-x86_64.so.1",
  "/lib/ld-musl-aarch64.so.1",
];

/** The commands that a far end must have. */
export const COMMANDS: readonly string[] = [
  ..."uname id ls mkdir head chmod mv rm".split(" "),
];

/** The loader that a Deno for Linux names. */
export const LOADER_OF: Readonly<Record<string, string>> = {
  "linux-x64": LOADERS[0]!,
  "linux-arm64": LOADERS[1]!,
};

/** The oldest glibc that Deno runs with. */
const OLDEST_GLIBC = [2, 27] as const;

const MACHINES: Readonly<Record<string, string>> = {
  x86_64: "x64",
  amd64: "x64",
  aarch64: "arm64",
  arm64: "arm64",
};

/** The fields of the line in which a far end describes itself; see `needScript()`. */
export function parseFarEnd(text: string): FarEnd {
  const [system = "", machine = "", gzip = "", glibc = "", loaders = "", missing = ""] = text
    .split(";").map((field) => field.trim());
  const words = (field: string): string[] => field === "" ? [] : field.split(" ");
  return {
    system,
    machine,
    hasGzip: gzip !== "",
    glibc: /^glibc (\d+\.\d+)/.exec(glibc)?.[1] ?? "",
    loaders: words(loaders),
    missing: words(missing),
  };
}

/** The platform of a far end; `undefined` if there is no Deno for it. */
export function platformOf({ system, machine }: FarEnd): Platform | undefined {
  const arch = MACHINES[machine];
  if (arch === undefined) return undefined;
  if (system === "Linux") return `linux-${arch}` as Platform;
  return system === "Darwin" ? `darwin-${arch}` as Platform : undefined;
}

/** Why npm's Deno cannot run there, if it cannot. */
export function misfitOf(farEnd: FarEnd): string | undefined {
  const { system, machine, glibc, loaders } = farEnd;
  const platform = platformOf(farEnd);
  if (platform === undefined) return `there is no Deno for ${system} on ${machine}`;
  const loader = LOADER_OF[platform];
  if (loader === undefined) return undefined;
  if (glibc === "" && loaders.some((path) => path.includes("musl"))) {
    return "its C library is musl, and Deno needs glibc";
  }
  if (glibc !== "" && isOlder(glibc)) {
    return `its C library is glibc ${glibc}, and Deno needs ${OLDEST_GLIBC.join(".")} or newer`;
  }
  return loaders.includes(loader)
    ? undefined
    : `it has no ${loader}, the part of glibc that starts programs for ${machine}`;
}

function isOlder(glibc: string): boolean {
  const [major = 0, minor = 0] = glibc.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_GLIBC;
  return major < oldestMajor || major === oldestMajor && minor < oldestMinor;
}
