/** A host's memory, in bytes. */
export interface Memory {
  /** The physical memory that the system manages. */
  total: number;
  /** The memory that nothing uses. Caches make it small on a healthy host; see `available`. */
  free: number;
  /**
   * An estimate of the memory that programs could still get without swapping: free memory and
   * caches that can be dropped, without the kernel's reserve. On an idle host it can be below
   * `free`.
   */
  available: number;
  /** The size of the swap space, or 0 without one. macOS grows and shrinks it as needed. */
  swapTotal: number;
  /** The swap space that nothing uses. */
  swapFree: number;
  /**
   * The most memory that the process may use, if its control group (such as a container's) has a
   * limit below `total`, else `null`. The other fields describe the whole host, in a container too.
   */
  limit: number | null;
}

/**
 * Reads `/proc/meminfo` (proc_meminfo(5)), whose "kB" are 1,024 bytes.
 *
 * @throws {Error} If it has no `MemTotal` or no `MemFree`.
 */
export function parseMeminfo(text: string): Omit<Memory, "limit"> {
  const fields = new Map<string, number>();
  for (const [, name, value] of text.matchAll(/^(\S+):\s+(\d+)(?: kB)?$/gm)) {
    fields.set(name!, Number(value) * 1024);
  }
  const bytes = (name: string): number => fields.get(name) ?? 0;
  const total = fields.get("MemTotal");
  const free = fields.get("MemFree");
  if (total === undefined || free === undefined) {
    throw new Error("Cannot read /proc/meminfo: MemTotal or MemFree is missing");
  }
  return {
    total,
    free,
    // Linux before 3.14 leaves the estimate to the reader.
    available: fields.get("MemAvailable") ?? free + bytes("Buffers") + bytes("Cached"),
    swapTotal: bytes("SwapTotal"),
    swapFree: bytes("SwapFree"),
  };
}

/**
 * Reads the output of macOS's `vm_stat` and `sysctl -n vm.swapusage`. The speculative pages are
 * free, though vm_stat does not count them as such. The inactive pages are also available.
 *
 * @param total The physical memory in bytes, which neither output tells.
 * @throws {Error} If vm_stat's page size or its free pages are missing.
 */
export function parseVmStat(vmStat: string, swapUsage: string, total: number): Memory {
  const pageSize = Number(/page size of (\d+) bytes/.exec(vmStat)?.[1]);
  const bytes = (name: string): number => {
    const pages = new RegExp(`^Pages ${name}:\\s+(\\d+)\\.?$`, "m").exec(vmStat)?.[1];
    return pages === undefined ? NaN : Number(pages) * pageSize;
  };
  const free = bytes("free") + (bytes("speculative") || 0);
  if (Number.isNaN(free)) {
    throw new Error("Cannot read vm_stat: the page size or the free pages are missing");
  }
  const swap = (name: string): number => {
    const [, size, unit] = new RegExp(`\\b${name} = ([\\d.]+)([KMGT])`).exec(swapUsage) ?? [];
    return size && unit ? Math.round(Number(size) * 1024 ** (" KMGT".indexOf(unit))) : 0;
  };
  return {
    total,
    free,
    available: free + (bytes("inactive") || 0),
    swapTotal: swap("total"),
    swapFree: swap("free"),
    limit: null,
  };
}

/**
 * Finds the lowest memory limit of this process's control groups on Linux. The groups above a group
 * limit it too. In a container the host's path to the group may not exist, but then the top of the
 * mounted tree is the container's own group.
 *
 * @param read Gives a file's content, or `null` if the file does not exist.
 * @returns The limit in bytes, or `null` without one: version 1 writes a number near 2 ** 63 for
 * that.
 */
export function findMemoryLimit(read: (path: string) => string | null): number | null {
  const limits: number[] = [];
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    // hierarchy:controllers:path, see cgroups(7)
    const [, hierarchy, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const isV1 = controllers?.split(",").includes("memory");
    if (!isV1 && hierarchy !== "0") continue;
    const root = isV1 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
    const file = isV1 ? "memory.limit_in_bytes" : "memory.max";
    const segments = path.split("/").filter((segment) => segment !== "" && segment !== "..");
    for (let depth = segments.length; depth >= 0; depth--) {
      const text = read([root, ...segments.slice(0, depth), file].join("/"))?.trim() ?? "";
      if (/^\d+$/.test(text) && Number(text) < 2 ** 62) limits.push(Number(text));
    }
  }
  return limits.length > 0 ? Math.min(...limits) : null;
}
