/**
 * Functions that tell about the machine that they run on: send them to other machines with a
 * tunnel's `call()`, or call them here. They work on Linux and macOS. They need nothing but Deno or
 * Node: neither root nor the network nor, for the usual file systems of Linux, any program.
 *
 * Deno throws `Deno.errors.NotCapable` where a permission is missing; each function says which
 * permissions it needs. Deno lets only `--allow-all` read the files in `/proc`.
 *
 * ```ts ignore
 * import { Group } from "@chopsticks/chopsticks";
 * import { ip } from "@chopsticks/chopsticks/facts";
 *
 * const web = new Group(["web1.example.com", "web2.example.com"]);
 * for (const [host, address] of (await web.call(ip)).successful()) console.log(host, address);
 * ```
 *
 * @module
 */
import { execFile, execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as nodeOs from "node:os";
import process from "node:process";
import { findMemoryLimit, type Memory, parseMeminfo, parseVmStat } from "./machine/memory_info.ts";
import {
  type Mount,
  parseDf,
  parseMountOutput,
  parseProcMounts,
  selectRealMounts,
  type Space,
} from "./machine/mount_table.ts";
import { type Distribution, parseOsRelease, parseSystemVersion } from "./machine/os_release.ts";
import { choosePrimaryAddress, type DefaultRoute } from "./machine/primary_address.ts";
import {
  findDefaultRoute,
  parseNetstat,
  parseProcIpv6Route,
  parseProcRoute,
  parseRouteGet,
  type Route,
} from "./machine/route_table.ts";

export type { Distribution, Memory, Mount, Route, Space };

/** The program that runs the function. */
export interface Runtime {
  /** The name of the program. */
  name: "deno" | "node";
  /** Its version, without a `v`: `2.9.6`, `20.20.2`. */
  version: string;
  /** Version of V8, its JavaScript engine. */
  v8: string;
  /** Version of TypeScript, which is only built into Deno. */
  typescript?: string;
}

/** The operating system: the kernel, and the distribution around it. */
export interface OperatingSystem extends Distribution {
  /** Kernel by Node's name: `linux`, `darwin`. */
  platform: string;
  /** Processor architecture that the runtime was built for, by Node's name: `x64`, `arm64`. */
  arch: string;
  /** Version of the kernel, as `uname -r` prints it: `6.1.0-18-amd64`. */
  release: string;
}

/** A mounted file system and its space. */
export interface Disk extends Mount, Space {}

/** How long a program may take, in ms. Only a dead file server makes one take that long. */
const COMMAND_TIMEOUT = 5_000;

/**
 * The host's primary address, which is an address of the interface of its default route. The
 * default route for IPv4 comes before the one for IPv6, and an interface's IPv4 address before its
 * IPv6 address. Without a default route, or if the system does not show it, it is the first address
 * of any interface. Nothing is sent to find it. Behind a NAT, it is the address on the host's side.
 *
 * Under Deno it needs `--allow-sys=networkInterfaces`, and for the default route `--allow-all`.
 *
 * @returns An IPv4 address, else a global or local IPv6 address; `127.0.0.1` if there is only
 * loopback.
 *
 * @example
 * ```ts
 * import { ip } from "@chopsticks/chopsticks/facts";
 * import { isIP } from "node:net";
 * import { assert } from "@std/assert";
 *
 * assert(isIP(ip())); // such as 192.0.2.17
 * ```
 */
export function ip(): string {
  return choosePrimaryAddress(nodeOs.networkInterfaces(), readDefaultRoutes());
}

/**
 * The runtime that this function runs in.
 *
 * @example
 * ```ts
 * import { runtime } from "@chopsticks/chopsticks/facts";
 * import { assertEquals } from "@std/assert";
 *
 * const { name, version } = runtime();
 * assertEquals(`${name} ${version}`, `deno ${Deno.version.deno}`);
 * ```
 */
export function runtime(): Runtime {
  const { deno, node, v8, typescript } = process.versions;
  if (deno === undefined) return { name: "node", version: node, v8 };
  return { name: "deno", version: deno, v8, ...(typescript === undefined ? {} : { typescript }) };
}

/**
 * The host's own name, as `hostname` prints it. Whether it has a domain depends on how the host is
 * set up. It can differ from the name by which a tunnel reaches the host.
 *
 * Under Deno it needs `--allow-sys=hostname`.
 *
 * @example
 * ```ts
 * import { hostname } from "@chopsticks/chopsticks/facts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(hostname(), Deno.hostname());
 * ```
 */
export function hostname(): string {
  return nodeOs.hostname();
}

/**
 * The operating system, from `/etc/os-release` (os-release(5)) or macOS's `SystemVersion.plist`. In
 * a container it is the container's own, but with the kernel of its host. A Linux without this file
 * has the id `linux`.
 *
 * Under Deno it needs `--allow-sys=osRelease` and `--allow-read` of the file.
 *
 * @example
 * ```ts
 * import { os } from "@chopsticks/chopsticks/facts";
 * import { assertEquals } from "@std/assert";
 *
 * const { prettyName, platform, release } = os();
 * assertEquals([platform, release], [Deno.build.os, Deno.osRelease()]);
 * console.log(prettyName); // such as Debian GNU/Linux 12 (bookworm)
 * ```
 */
export function os(): OperatingSystem {
  const distribution = process.platform === "darwin"
    ? parseSystemVersion(
      readIfPresent("/System/Library/CoreServices/SystemVersion.plist") ?? "",
    )
    : parseOsRelease(
      readIfPresent("/etc/os-release") ?? readIfPresent("/usr/lib/os-release") ?? "",
    );
  return {
    platform: process.platform,
    arch: process.arch,
    release: nodeOs.release(),
    ...distribution,
  };
}

/**
 * The host's memory in bytes, from `/proc/meminfo` (proc_meminfo(5)), or `vm_stat` and `sysctl` on
 * macOS. In a container these are the numbers of the whole host, but `limit` is the container's.
 *
 * Under Deno it needs `--allow-all`.
 *
 * @throws {Error} On another system, or if `/proc` is not mounted.
 *
 * @example
 * ```ts
 * import { memory } from "@chopsticks/chopsticks/facts";
 * import { assert } from "@std/assert";
 *
 * const { total, available, limit } = await memory();
 * assert(available <= total);
 * console.log(`${Math.round((limit ?? total) / 2 ** 20)} MiB`);
 * ```
 */
export async function memory(): Promise<Memory> {
  if (process.platform === "darwin") {
    const [vmStat, swapUsage] = await Promise.all([
      run("/usr/bin/vm_stat", []),
      run("/usr/sbin/sysctl", ["-n", "vm.swapusage"]),
    ]);
    return parseVmStat(vmStat, swapUsage, nodeOs.totalmem());
  }
  const info = parseMeminfo(fs.readFileSync("/proc/meminfo", "utf8"));
  const limit = findMemoryLimit(readIfPresent);
  return { ...info, limit: limit !== null && limit < info.total ? limit : null };
}

/**
 * The mounted file systems that hold files of their own, each device once. It leaves out those of
 * the kernel (`proc`), those in memory (`tmpfs`) unless mounted on `/`, and those whose size cannot
 * be known: this user may not look, or their server has not answered in 5 seconds.
 *
 * The list comes from `/proc/self/mounts` or macOS's `mount`. The size of overlays and of file
 * systems with a device in `/dev` comes from statfs(2), the size of others (network, FUSE, ZFS)
 * from the program `df` if it is installed: a server that does not answer then blocks a program
 * that can be given up, rather than a thread of this one. The volumes of an APFS container share
 * its space, so each has all of it as its size.
 *
 * Under Deno it needs `--allow-all`.
 *
 * @returns The file systems, in the order in which the system lists them.
 * @throws {Error} If there is no list of mounts, or on Node before 18.15 if there is no `df`.
 *
 * @example
 * ```ts
 * import { disks } from "@chopsticks/chopsticks/facts";
 *
 * for (const { mountPoint, used, size } of await disks()) {
 *   console.log(mountPoint, `${Math.round(100 * used / size)} %`);
 * }
 * ```
 */
export async function disks(): Promise<Disk[]> {
  const mounts = process.platform === "darwin"
    ? parseMountOutput(await run("/sbin/mount", []))
    : parseProcMounts(fs.readFileSync("/proc/self/mounts", "utf8"));
  const found = await Promise.all(
    selectRealMounts(mounts).map(async (mount) => {
      const space = await measure(mount);
      return space && space.size > 0 ? [{ ...mount, ...space }] : [];
    }),
  );
  return found.flat();
}

/**
 * The host's routing table, IPv4 before IPv6. On Linux it is the main table, from `/proc/net/route`
 * and `/proc/net/ipv6_route`; of an IPv4 route with several gateways Linux shows the first. On
 * macOS it is the output of `netstat -rn` without neighbours and multicast.
 *
 * Under Deno it needs `--allow-all`.
 *
 * @throws {Error} On another system, or if `/proc` is not mounted.
 *
 * @example
 * ```ts
 * import { routes } from "@chopsticks/chopsticks/facts";
 *
 * for (const { destination, prefixLength, gateway, interface: name } of await routes()) {
 *   console.log(`${destination}/${prefixLength}`, gateway ?? "direct", name);
 * }
 * ```
 */
export async function routes(): Promise<Route[]> {
  return process.platform === "darwin"
    ? parseNetstat(await run("/usr/sbin/netstat", ["-rn"]))
    : readProcRoutes();
}

function readProcRoutes(): Route[] {
  return [
    ...parseProcRoute(fs.readFileSync("/proc/net/route", "utf8"), nodeOs.endianness() === "LE"),
    // The file does not exist when IPv6 is switched off.
    ...parseProcIpv6Route(readIfPresent("/proc/net/ipv6_route") ?? ""),
  ];
}

/** The default routes, IPv4 first. Errors are ignored: `ip()` has an answer without the routes. */
function readDefaultRoutes(): DefaultRoute[] {
  const attempt = <T>(find: () => T | null | undefined): T[] => {
    try {
      const found = find();
      return found ? [found] : [];
    } catch {
      return [];
    }
  };
  if (process.platform === "darwin") {
    return [["default"], ["-inet6", "default"]].flatMap((destination) =>
      attempt(() =>
        parseRouteGet(
          execFileSync("/sbin/route", ["-n", "get", ...destination], {
            ...commandOptions(),
            stdio: ["ignore", "pipe", "ignore"],
          }),
        )
      )
    );
  }
  const table = attempt(readProcRoutes).flat();
  return (["IPv4", "IPv6"] as const).flatMap((family) =>
    attempt(() => findDefaultRoute(table, family))
  );
}

/** The space of a file system, or `null` if it cannot be known. */
async function measure(mount: Mount): Promise<Space | null> {
  const hasStatfs = typeof fs.promises.statfs === "function"; // since Node 18.15
  const isLocal = mount.type === "overlay" ||
    (mount.device.startsWith("/dev/") && !mount.type.startsWith("fuse"));
  if (!isLocal || !hasStatfs) {
    try {
      return parseDf(await run("df", ["-kP", mount.mountPoint]));
    } catch (error) {
      const { code, killed } = error as { code?: unknown; killed?: boolean };
      // With an exit code, df has run and does not know. Without one, it could not be run.
      if (killed || typeof code === "number") return null;
      if (!hasStatfs) throw error;
    }
  }
  try {
    const stat = await fs.promises.statfs(mount.mountPoint);
    // Blocks are counted in units of `frsize`. Node lacks the field, and then both sizes are the
    // same.
    const unit = (stat as { frsize?: number }).frsize ?? stat.bsize;
    return {
      size: stat.blocks * unit,
      used: (stat.blocks - stat.bfree) * unit,
      available: stat.bavail * unit,
    };
  } catch (error) {
    if ((error as { code?: unknown }).code === undefined) throw error; // not the system's error
    return null;
  }
}

/** A file's text, or `null` if it does not exist or this user may not read it. */
function readIfPresent(path: string): string | null {
  try {
    return fs.readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return null;
    throw error;
  }
}

/** Resolves to a program's output. Rejects with Node's error if it fails or takes too long. */
function run(file: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(file, args, commandOptions(), (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout);
    });
  });
}

/**
 * Sets an environment, as the parsers need untranslated texts, and reading it needs a permission.
 */
function commandOptions() {
  return {
    encoding: "utf8" as const,
    timeout: COMMAND_TIMEOUT,
    maxBuffer: 16 * 1024 * 1024,
    env: { LC_ALL: "C", PATH: "/usr/bin:/bin:/usr/sbin:/sbin" },
  };
}
