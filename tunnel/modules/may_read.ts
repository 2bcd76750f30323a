/** Whether this process may read a folder without asking its user. */
export function mayRead(path: string): boolean {
  if (typeof Deno === "undefined") return true;
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}
