import { addressText, type SocketAddress } from "./socket_address.ts";

/** The part of the `Deno` global that is used here. */
interface DenoGlobal {
  readonly permissions: {
    requestSync(descriptor: object): { readonly state: string };
  };
}

/** A permission of Deno, and what it has to be for. */
type Access = readonly [kind: "net" | "read" | "write", value: string];

/**
 * Checks that Deno lets this process use a socket with this address. Deno itself would report it
 * where nobody can catch it, or only when the first connection comes.
 *
 * @param isAgent Whether the controller decides which permissions this process has.
 * @throws {Error} If permissions are missing; it says which.
 */
export function checkAccess(address: SocketAddress, isAgent: boolean): void {
  const { Deno: deno } = globalThis as { Deno?: DenoGlobal };
  if (deno === undefined) return;
  const missing = accessTo(address).filter(([kind, value]) => !isGranted(deno, kind, value));
  if (missing.length === 0) return;
  const names = missing.map(([kind]) => kind).join(", ");
  const remedy = isAgent
    ? `give the tunnel permissions: { ${missing.map(asOption).join(", ")} }`
    : `run the script with ${missing.map(([kind, value]) => `--allow-${kind}=${value}`).join(" ")}`;
  // Its code is the one that the system has for the same.
  throw Object.assign(
    new Error(`${addressText(address)}: permission denied (${names}); ${remedy}`),
    { code: "EACCES" },
  );
}

function accessTo(address: SocketAddress): Access[] {
  if (!("path" in address)) return [["net", addressText(address)]];
  const { path } = address;
  return [["net", `unix:${path}`], ["read", path], ["write", path]];
}

function isGranted({ permissions }: DenoGlobal, kind: Access[0], value: string): boolean {
  const what = kind === "net" ? { host: value } : { path: value };
  try {
    return permissions.requestSync({ name: kind, ...what }).state === "granted";
  } catch {
    // It is no address that a permission could be limited to.
    return permissions.requestSync({ name: kind }).state === "granted";
  }
}

function asOption([kind, value]: Access): string {
  return `${kind}: [${JSON.stringify(value)}]`;
}
