import { rangeError, typeError } from "../misuse.ts";
import { checkBoolean, checkFunction, checkKeys, checkText } from "./check.ts";
import { shown } from "./shown.ts";

const VERSION = /^(\d+)\.(\d+)\.\d+([-+][0-9A-Za-z.+-]+)?$/;
/** The oldest major and minor version that runs an agent. */
const OLDEST: readonly [number, number] = [2, 9];

/**
 * Checks the option `provision`.
 *
 * @param runtime The option `runtime`.
 * @throws {TypeError} If an option is of the wrong type, or the two contradict each other.
 * @throws {RangeError} If the version is too old.
 */
export function checkProvision(provision: unknown, runtime: unknown): void {
  if (provision === undefined || provision === false) return;
  if (runtime === "node") {
    throw typeError('provision brings Deno, and runtime is "node": leave out one of them');
  }
  if (provision === true) return;
  if (typeof provision !== "object" || provision === null || Array.isArray(provision)) {
    throw typeError(
      `provision is ${shown(provision)}: expected a boolean, or an object of options`,
    );
  }
  checkKeys(provision, "folder", "keep", "from", "version", "onProgress");
  const { folder, keep, from, version, onProgress } = provision as Record<string, unknown>;
  checkText("provision.folder", folder);
  if (folder !== undefined && !/^(\/|~\/)/.test(folder as string)) {
    throw typeError(
      `provision.folder is ${shown(folder)}: expected an absolute path, or one that starts with ~/`,
    );
  }
  checkBoolean("provision.keep", keep);
  checkFrom(from);
  checkVersion(version);
  checkFunction("provision.onProgress", onProgress, "a function of a progress");
}

/** Whether `version` is one that can run an agent. */
export function isFitVersion(version: string): boolean {
  const [, major, minor] = VERSION.exec(version)?.map(Number) ?? [];
  if (major === undefined || minor === undefined) return false;
  return major > OLDEST[0] || major === OLDEST[0] && minor >= OLDEST[1];
}

function checkFrom(from: unknown): void {
  if (!(from instanceof URL)) return checkText("provision.from", from);
  if (["file:", "https:", "http:"].includes(from.protocol)) return;
  throw typeError(`provision.from is ${from.href}: expected a URL of a file, https or http`);
}

function checkVersion(version: unknown): void {
  checkText("provision.version", version);
  if (version === undefined) return;
  if (!VERSION.test(version as string)) {
    throw typeError(`provision.version is ${shown(version)}: expected one such as "2.9.6"`);
  }
  if (!isFitVersion(version as string)) {
    throw rangeError(
      `provision.version is ${shown(version)}: expected ${OLDEST.join(".")} or newer`,
    );
  }
}
