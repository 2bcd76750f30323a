import type { Route } from "./route_table.ts";

/** The part of an entry of `os.networkInterfaces()` that is used here. */
export interface InterfaceAddress {
  /** The IPv4 or IPv6 address, without a zone. */
  address: string;
  /** The mask in the address's own notation. */
  netmask: string;
  /** Whether this is a loopback interface. */
  internal: boolean;
}

/** Where a default route leads. */
export type DefaultRoute = Pick<Route, "interface" | "gateway">;

/**
 * Chooses the address by which a host is best known: an address of the interface of the IPv4
 * default route, else of the IPv6 default route, else of any interface. Of an interface's addresses
 * IPv4 comes first, and of several IPv4 addresses the one in the gateway's network; global IPv6
 * comes before local (fc00::/7). Link-local IPv4 addresses come last. Link-local IPv6 addresses are
 * never chosen, since they lead nowhere without a zone.
 *
 * @param interfaces The addresses by interface name, in the system's order.
 * @param defaults The IPv4 and the IPv6 default route, as far as they exist, in this order.
 * @returns An address; `127.0.0.1` if there is no other.
 */
export function choosePrimaryAddress(
  interfaces: Readonly<Record<string, readonly InterfaceAddress[] | undefined>>,
  defaults: readonly DefaultRoute[],
): string {
  for (const route of defaults) {
    const address = best(interfaces[route.interface] ?? [], route.gateway);
    if (address) return address;
  }
  return best(Object.values(interfaces).flatMap((addresses) => addresses ?? []), null) ??
    "127.0.0.1";
}

function best(addresses: readonly InterfaceAddress[], gateway: string | null): string | undefined {
  return addresses
    .map((entry) => ({ address: entry.address, rank: rank(entry, gateway) }))
    .filter((entry) => entry.rank < Infinity)
    .sort((a, b) => a.rank - b.rank)[0]?.address;
}

function rank({ address, netmask, internal }: InterfaceAddress, gateway: string | null): number {
  if (internal || /^fe[89ab]/i.test(address)) return Infinity;
  if (address.includes(":")) return /^f[cd]/i.test(address) ? 3 : 2;
  if (address.startsWith("169.254.")) return 4;
  return gateway?.includes(".") && inSameNetwork(address, gateway, netmask) ? 0 : 1;
}

function inSameNetwork(a: string, b: string, netmask: string): boolean {
  const mask = toInteger(netmask);
  return (toInteger(a) & mask) === (toInteger(b) & mask);
}

function toInteger(address: string): number {
  return address.split(".").reduce((sum, octet) => (sum << 8) | Number(octet), 0);
}
