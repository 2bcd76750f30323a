import { rangeError, typeError } from "../misuse.ts";
import { readdirSync, readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { SentFile } from "../../agent/protocol/sent_file.ts";
import { shown } from "../arguments/shown.ts";

/** Files and folders that are sent along, so that code at the far end can open them by path. */
export class IncludedFiles {
  readonly #paths: readonly string[];
  /** The most bytes that are sent along in one connection, with those of packages. */
  readonly limit: number;

  /**
   * @throws {TypeError} If one of them is not the URL of a file or a folder.
   */
  constructor(include: readonly (string | URL)[], limit: number) {
    if (!Array.isArray(include)) {
      throw typeError(`include is ${shown(include)}: expected an array of URLs`);
    }
    this.limit = limit;
    this.#paths = include.map((one) => {
      let url: URL;
      try {
        url = new URL(one);
      } catch {
        throw typeError(
          `include has ${JSON.stringify(one)}: expected a URL, as import.meta.resolve gives it`,
        );
      }
      if (url.protocol !== "file:") {
        throw typeError(`include has ${JSON.stringify(url.href)}: expected a file: URL`);
      }
      const path = fileURLToPath(url).replace(/(?<=.)\/+$/, "");
      if (statSync(path, { throwIfNoEntry: false }) === undefined) {
        throw typeError(
          `include has ${JSON.stringify(url.href)}: there is no such file or folder`,
        );
      }
      return path;
    });
  }

  /**
   * Reads them all.
   *
   * @throws {RangeError} If they are more than the limit.
   */
  read(): SentFile[] {
    const found = new Map<string, Stats>();
    for (const path of this.#paths) walk(path, [], found);
    let size = 0;
    for (const stats of found.values()) if (stats.isFile()) size += stats.size;
    if (size > this.limit) {
      throw rangeError(
        `Cannot send the files of include: they have ${size} bytes, more than includeLimit ` +
          `(${this.limit}); include less, or raise includeLimit`,
      );
    }
    return [...found].map(([path, stats]): SentFile => {
      const { href } = pathToFileURL(path);
      return stats.isFile()
        ? [href, stats.size, stats.mtimeMs, new Uint8Array(readFileSync(path))]
        : [href, null, stats.mtimeMs];
    });
  }
}

/**
 * Finds a file, or what is in a folder.
 *
 * @param within The folders around it, with links resolved. A link is followed if it stays in the
 * first of them, and does not lead back into itself.
 */
function walk(path: string, within: readonly string[], found: Map<string, Stats>): void {
  let real: string;
  try {
    real = realpathSync(path);
  } catch {
    return; // a link that leads nowhere
  }
  const [root = real] = within;
  if (within.includes(real) || real !== root && !real.startsWith(`${root}/`)) return;
  const stats = statSync(real);
  if (stats.isFile()) found.set(path, stats);
  if (!stats.isDirectory()) return;
  found.set(path, stats);
  for (const name of readdirSync(path)) walk(join(path, name), [...within, real], found);
}
