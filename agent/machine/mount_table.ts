/** A mounted file system, before it is measured. */
export interface Mount {
  /** The mounted device: `/dev/vda1`, `server:/export`, `overlay`. */
  device: string;
  /** The absolute path of the folder that it is mounted on. */
  mountPoint: string;
  /** The type by the kernel's name: `ext4`, `apfs`, `nfs4`, `fuse.sshfs`. */
  type: string;
  /** Whether it is mounted read-only. */
  readOnly: boolean;
}

/** The space of a file system, in bytes. */
export interface Space {
  /** The whole space. */
  size: number;
  /** The space in use. */
  used: number;
  /** The space that an ordinary user may still fill, without the reserve for root. */
  available: number;
}

// These are interfaces of the kernel in the form of files, and file systems in memory.
const PSEUDO_TYPES: ReadonlySet<string> = new Set([
  ...["autofs", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs"],
  ...["devfs", "devpts", "devtmpfs", "efivarfs", "fuse.gvfsd-fuse", "fuse.lxcfs", "fuse.portal"],
  ...["fusectl", "hugetlbfs", "mqueue", "nfsd", "nsfs", "nullfs", "proc", "pstore", "ramfs"],
  ...["rootfs", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tmpfs", "tracefs"],
]);

/**
 * Reads `/proc/mounts`: device, mount point, type, options, and two numbers, in fstab's format. A
 * byte that would break the format is written as a backslash and three octal digits (getmntent(3)).
 */
export function parseProcMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [device, mountPoint, type, options] = line.split(" ");
    if (!device || !mountPoint?.startsWith("/") || !type || options === undefined) return [];
    return [{
      device: unescapeOctal(device),
      mountPoint: unescapeOctal(mountPoint),
      type: unescapeOctal(type),
      readOnly: options.split(",").includes("ro"),
    }];
  });
}

/** Reads the output of macOS's `mount`: `device on mount point (type, option, …)`, unescaped. */
export function parseMountOutput(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [, device, mountPoint, optionsText] = /^(.+?) on (\/.*) \(([^()]+)\)$/.exec(line) ?? [];
    if (!device || !mountPoint || !optionsText) return [];
    const [type = "", ...options] = optionsText.split(", ");
    return [{ device, mountPoint, type, readOnly: options.includes("read-only") }];
  });
}

/**
 * Selects the mounts that hold files of their own. It leaves out pseudo file systems, except one on
 * `/`. Of several mounts on one point it takes the last, which hides the others. Of several mounts
 * of one device it takes the one with the shortest path, so that no space is counted twice.
 */
export function selectRealMounts(mounts: readonly Mount[]): Mount[] {
  const byMountPoint = new Map(mounts.map((mount) => [mount.mountPoint, mount]));
  const byDevice = new Map<string, Mount>();
  for (const mount of byMountPoint.values()) {
    if (PSEUDO_TYPES.has(mount.type) && mount.mountPoint !== "/") continue;
    // "overlay" and "none" are not the names of one device.
    const key = /[/:]/.test(mount.device) ? mount.device : `${mount.device} ${mount.mountPoint}`;
    const known = byDevice.get(key);
    if (!known || mount.mountPoint.length < known.mountPoint.length) byDevice.set(key, mount);
  }
  return [...byDevice.values()];
}

/**
 * Reads the last row in the output of `df -kP`, whose columns POSIX defines.
 *
 * @returns The space, or `null` if there is no row with sizes.
 */
export function parseDf(text: string): Space | null {
  const rows = [...text.matchAll(/\s(\d+) +(\d+) +(-?\d+) +(?:\d+%|-) +\//g)];
  const [, size, used, available] = rows.at(-1) ?? [];
  if (!size || !used || !available) return null;
  return {
    size: Number(size) * 1024,
    used: Number(used) * 1024,
    available: Math.max(0, Number(available)) * 1024,
  };
}

/** Replaces octal escapes. They stand for bytes, but the kernel only escapes ASCII characters. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
}
