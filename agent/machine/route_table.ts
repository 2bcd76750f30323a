import { isIP, isIPv4, isIPv6 } from "node:net";

/** One row of a host's routing table. */
export interface Route {
  /** The address family of the row. */
  family: "IPv4" | "IPv6";
  /** The network address in its usual short form; `0.0.0.0` or `::` for a default route. */
  destination: string;
  /** The length of the network's prefix in bits: 0 for a default route, 32 or 128 for one host. */
  prefixLength: number;
  /** The address of the next router, or `null` if the destination is reached directly. */
  gateway: string | null;
  /** The name of the interface, such as `eth0`; `lo` for a Linux route that rejects. */
  interface: string;
  /** The preference, without a unit: the lowest wins. `null` on macOS, which has no metrics. */
  metric: number | null;
  /** Whether packets are refused or dropped rather than sent (`unreachable`, `blackhole`). */
  reject: boolean;
}

// From Linux include/uapi/linux/route.h and ipv6_route.h.
const RTF_UP = 0x1;
const RTF_GATEWAY = 0x2;
const RTF_REJECT = 0x200;
const RTF_ANYCAST = 0x100000;
const RTF_CACHE = 0x1000000;
const RTF_LOCAL = 0x80000000;

// Iface Destination Gateway Flags RefCnt Use Metric Mask, and more that is not read.
const PROC_ROUTE_ROW =
  /^(\S+)\s+([0-9A-F]{8})\s+([0-9A-F]{8})\s+([0-9A-F]+)\s+\d+\s+\d+\s+(\d+)\s+([0-9A-F]{8})\s/;

// Destination, prefix length, source and its length, next hop, metric, two counters, flags,
// interface.
const PROC_IPV6_ROUTE_ROW =
  /^([0-9a-f]{32}) ([0-9a-f]{2}) \w{32} \w\w ([0-9a-f]{32}) ([0-9a-f]{8}) \w{8} \w{8} ([0-9a-f]{8}) +(\S+)$/;

/**
 * Reads `/proc/net/route`, the main IPv4 table of Linux. It leaves out rows that are down or
 * malformed, and the header.
 *
 * @param text The file's content; format: `fib_route_seq_show` in Linux `net/ipv4/fib_trie.c`.
 * @param littleEndian The byte order of the host, which writes addresses as integers of its own.
 */
export function parseProcRoute(text: string, littleEndian = true): Route[] {
  const routes: Route[] = [];
  for (const line of text.split("\n")) {
    const [, name, destination, gateway, flagsText, metric, mask] = PROC_ROUTE_ROW.exec(line) ?? [];
    if (!name || !destination || !gateway || !flagsText || !mask) continue;
    const flags = parseInt(flagsText, 16);
    if (!(flags & RTF_UP)) continue;
    routes.push({
      family: "IPv4",
      destination: formatIPv4(destination, littleEndian),
      prefixLength: countOnes(mask),
      gateway: flags & RTF_GATEWAY ? formatIPv4(gateway, littleEndian) : null,
      // Only this name tells a blackhole, which has no flag.
      interface: name === "*" ? "lo" : name,
      metric: Number(metric),
      reject: name === "*" || (flags & RTF_REJECT) !== 0,
    });
  }
  return routes;
}

/**
 * Reads `/proc/net/ipv6_route`. The file has the rows of all of Linux's tables. Like `ip -6 route`,
 * this leaves out rows for the host's own addresses, for multicast and for cached paths.
 *
 * @param text The file's content; format: `ipv6_route_native_seq_show` in Linux
 * `net/ipv6/ip6_fib.c`.
 */
export function parseProcIpv6Route(text: string): Route[] {
  const routes: Route[] = [];
  for (const line of text.split("\n")) {
    const row = PROC_IPV6_ROUTE_ROW.exec(line) ?? [];
    const [, destination, prefix, gateway, metricText, flagsText, name] = row;
    if (!destination || !prefix || !gateway || !metricText || !flagsText || !name) continue;
    const prefixLength = parseInt(prefix, 16);
    const flags = parseInt(flagsText, 16);
    const metric = parseInt(metricText, 16);
    if (prefixLength > 128) continue;
    if (!(flags & RTF_UP) && !(flags & RTF_REJECT)) continue;
    if (flags & (RTF_LOCAL | RTF_ANYCAST | RTF_CACHE) || destination.startsWith("ff")) continue;
    // This entry ends every table. It means that there is no route; nobody has set it.
    if (metric === 0xffffffff) continue;
    routes.push({
      family: "IPv6",
      destination: formatIPv6(destination),
      prefixLength,
      gateway: flags & RTF_GATEWAY ? formatIPv6(gateway) : null,
      interface: name,
      metric,
      reject: (flags & RTF_REJECT) !== 0,
    });
  }
  return routes;
}

/**
 * Reads the output of macOS's `netstat -rn`, also of older releases with the columns Refs and Use.
 * It leaves out rows that Linux does not count as routes: neighbours (flag W, or L with H), the
 * host's own addresses, multicast (m) and broadcast (b).
 *
 * @param text Both sections of the output; format: netstat(1). Each flag is one letter.
 */
export function parseNetstat(text: string): Route[] {
  const routes: Route[] = [];
  let family: Route["family"] | null = null;
  let nameColumn = 3;
  for (const line of text.split("\n")) {
    const columns = line.trim().split(/\s+/);
    const [destination, gateway, flags] = columns;
    if (destination === "Internet:") family = "IPv4";
    else if (destination === "Internet6:") family = "IPv6";
    else if (destination === "Destination") nameColumn = columns.indexOf("Netif");
    if (!destination || !gateway || !flags || !family) continue;
    const name = columns[nameColumn];
    if (!name || !/^U[A-Za-z0-9]*$/.test(flags)) continue;
    if (/[Wmb]/.test(flags) || (flags.includes("H") && flags.includes("L"))) continue;
    const network = parseBsdNetwork(destination, family);
    const router = flags.includes("G") ? gateway.replace(/%.*/, "") : null;
    // The gateway can be a link rather than a router, as behind a VPN.
    const isLink = router?.startsWith("link#");
    if (!network || network.destination.startsWith("ff")) continue;
    if (router !== null && !isLink && !isIP(router)) continue;
    routes.push({
      family,
      ...network,
      gateway: isLink ? null : router,
      interface: name,
      metric: null,
      reject: /[RB]/.test(flags),
    });
  }
  return routes;
}

/**
 * Finds the interface in the output of macOS's `route -n get default`.
 *
 * @returns The interface and the gateway, which a point-to-point link does not have, or `null`
 * without a default route.
 */
export function parseRouteGet(text: string): Pick<Route, "interface" | "gateway"> | null {
  const name = /^\s*interface: (\S+)/m.exec(text)?.[1];
  const gateway = /^\s*gateway: ([0-9a-f.:]+)/m.exec(text)?.[1] ?? null;
  return name ? { interface: name, gateway } : null;
}

/** Finds the default route that the kernel prefers, or `undefined` without a default route. */
export function findDefaultRoute(
  routes: readonly Route[],
  family: Route["family"],
): Route | undefined {
  return routes
    .filter((route) => route.family === family && route.prefixLength === 0 && !route.reject)
    .sort((a, b) => (a.metric ?? 0) - (b.metric ?? 0))[0];
}

/**
 * Reads a network as netstat shortens it: `default`, `127`, `192.168.1`, `10.1/16`,
 * `fe80::%en0/64`.
 */
function parseBsdNetwork(
  text: string,
  family: Route["family"],
): Pick<Route, "destination" | "prefixLength"> | null {
  if (text === "default") {
    return { destination: family === "IPv4" ? "0.0.0.0" : "::", prefixLength: 0 };
  }
  const [, address, length] = /^([\w.:]+)(?:%\w+)?(?:\/(\d+))?$/.exec(text) ?? [];
  if (address === undefined) return null;
  if (family === "IPv6") {
    const prefixLength = length === undefined ? 128 : Number(length);
    if (!isIPv6(address) || prefixLength > 128) return null;
    return { destination: address, prefixLength };
  }
  const octets = address.split(".");
  const destination = [...octets, 0, 0, 0].slice(0, 4).join(".");
  // Without a length the network has the mask of its class, which covers the octets that are
  // printed.
  const prefixLength = length === undefined ? 8 * octets.length : Number(length);
  if (octets.length > 4 || !isIPv4(destination) || prefixLength > 32) return null;
  return { destination, prefixLength };
}

function formatIPv4(hex: string, littleEndian: boolean): string {
  const octets = hex.match(/../g)!.map((octet) => parseInt(octet, 16));
  return (littleEndian ? octets.reverse() : octets).join(".");
}

function countOnes(hex: string): number {
  return parseInt(hex, 16).toString(2).replaceAll("0", "").length;
}

/** Follows RFC 5952: no leading zeros, and the first of the longest runs of zero groups is `::`. */
function formatIPv6(hex: string): string {
  const groups = hex.match(/..../g)!.map((group) => parseInt(group, 16).toString(16));
  const text = groups.join(":");
  const runs = [...text.matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
  const run = runs[0];
  if (!run) return text;
  const before = text.slice(0, run.index).replace(/:$/, "");
  const after = text.slice(run.index + run[0].length).replace(/^:/, "");
  return `${before}::${after}`;
}
