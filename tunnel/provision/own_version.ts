/** The version of Deno for a script that runs on Node, as the library may at a far end. */
const FALLBACK_VERSION = "2.9.6";

/** The version of Deno that a far end gets if nobody names one. */
export function ownVersion(): string {
  return typeof Deno === "undefined" ? FALLBACK_VERSION : Deno.version.deno;
}
