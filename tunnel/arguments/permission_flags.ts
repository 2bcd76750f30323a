import { typeError } from "../misuse.ts";
import { fileURLToPath } from "node:url";
import { shown } from "./shown.ts";

const KINDS = ["env", "ffi", "import", "net", "read", "run", "sys", "write"] as const;

/**
 * Deno imports from some hosts, and packages from npm, unless it is told not to. It does not heed
 * `--deny-import` for what it finds in the code of a `data:` URL, as that of a worker may be.
 */
const NO_IMPORT = ["--deny-import", "--no-remote", "--no-npm"];

/**
 * The flags of `deno run` that give an agent the permissions of the option `permissions`.
 *
 * @throws {TypeError} If it is not in the form of `Deno.test`'s `permissions`.
 */
export function permissionFlags(permissions: Deno.PermissionOptions | undefined): string[] {
  if (permissions === undefined) return ["-A"];
  if (permissions === "none") return flagsOf("import", false);
  if (permissions === "inherit") return KINDS.flatMap((kind) => flagsOf(kind, "inherit"));
  if (typeof permissions !== "object" || permissions === null) {
    throw typeError(
      `permissions is ${shown(permissions)}: expected "none", "inherit" or an object`,
    );
  }
  for (const kind of Object.keys(permissions)) {
    if (!KINDS.some((known) => known === kind)) {
      throw typeError(`permissions.${kind} is unknown: expected one of ${KINDS.join(", ")}`);
    }
  }
  return KINDS.flatMap((kind) => flagsOf(kind, permissions[kind] ?? false));
}

function flagsOf(
  kind: typeof KINDS[number],
  value: boolean | "inherit" | readonly (string | URL)[],
): string[] {
  if (value === true) return [`--allow-${kind}`];
  const none = kind === "import" ? NO_IMPORT : [];
  if (value === false) return none;
  if (value === "inherit") return granted(kind) ? [`--allow-${kind}`] : none;
  if (!Array.isArray(value)) {
    throw typeError(
      `permissions.${kind} is ${shown(value)}: expected a boolean, "inherit" or an array`,
    );
  }
  if (value.length === 0) return none;
  const items = (value as (string | URL)[]).map((item) => {
    const text = item instanceof URL ? fileURLToPath(item) : String(item);
    if (text === "" || text.includes(",")) {
      throw typeError(
        `permissions.${kind} has ${JSON.stringify(text)}: Deno's flags allow no comma`,
      );
    }
    return text;
  });
  return [`--allow-${kind}=${items.join(",")}`];
}

/** Whether this process has a permission without limits. */
function granted(name: typeof KINDS[number]): boolean {
  // Node has no permissions, so its processes may do everything.
  if (typeof Deno === "undefined") return true;
  return Deno.permissions.querySync({ name } as Deno.PermissionDescriptor).state === "granted";
}
