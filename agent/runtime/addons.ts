import { pathOf } from "./module_path.ts";

const REASON = "a native addon only runs where it was installed";

/** The paths of modules that asked for a native addon, with what they asked for. */
const asked = new Map<string, string>();

/** The error for a module that requires a native addon. */
export function addonError(addon: string, referrer: string): Error {
  asked.set(pathOf(referrer), addon);
  return Object.assign(new Error(`Cannot require ${addon} from ${referrer}: ${REASON}`), {
    code: "ERR_DLOPEN_FAILED",
  });
}

/** Adds the reason to an error that a package throws in place of {@linkcode addonError}. */
export function explainAddon(error: unknown): void {
  if (asked.size === 0 || !(error instanceof Error)) return;
  const { message, stack }: { message: unknown; stack?: unknown } = error;
  // A program may put anything there.
  if (typeof message !== "string" || typeof stack !== "string" || message.includes(REASON)) return;
  for (const [path, addon] of asked) {
    if (!stack.includes(path)) continue;
    error.message = `${message} (it required ${addon}: ${REASON})`;
    return;
  }
}
