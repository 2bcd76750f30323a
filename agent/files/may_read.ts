/** The part of `Deno.permissions` that is needed here. */
interface Permissions {
  querySync(descriptor: { readonly name: "read"; readonly path: string }): {
    readonly state: string;
  };
}

/**
 * Whether a path of the system's own may be read, as far as Deno's permissions go. Without the
 * permission, Deno might ask the user for it.
 */
export function mayRead(path: string): boolean {
  const { Deno } = globalThis as { Deno?: { permissions: Permissions } };
  return Deno === undefined ||
    Deno.permissions.querySync({ name: "read", path }).state === "granted";
}
