import { pathOf } from "./module_path.ts";
import { nodeProcess } from "./node_process.ts";

const REASON = "a native addon only runs where it was installed";

/** The paths of modules that asked for a native addon, with what they asked for. */
const asked = new Map<string, string>();

/**
 * The error for a module that requires a native addon, or a package for one platform, which has an
 * addon or a program; `undefined` if it is neither.
 */
export function addonError(name: string, referrer: string): Error | undefined {
  const isFile = name.endsWith(".node");
  const process = nodeProcess();
  if (!isFile && !name.includes(`${process.platform}-${process.arch}`)) return undefined;
  asked.set(pathOf(referrer), name);
  return Object.assign(new Error(`Cannot require ${name} from ${referrer}: ${REASON}`), {
    code: isFile ? "ERR_DLOPEN_FAILED" : "MODULE_NOT_FOUND",
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
