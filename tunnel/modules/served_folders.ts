import { typeError } from "../misuse.ts";
import { lstatSync, realpathSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ServedEntry } from "../../agent/protocol/sent_file.ts";
import { shown } from "../arguments/shown.ts";
import { readChecked } from "./read_checked.ts";

/** The folders whose files a far end may ask for. */
export class ServedFolders {
  /** Their URLs, with a slash at the end, so that serving `/a` does not serve `/ab`. */
  readonly urls: readonly string[];
  /** The same URLs, with links resolved. */
  readonly #real: readonly string[];

  /**
   * @throws {TypeError} If one of them is not the URL of a folder.
   */
  constructor(serve: readonly (string | URL)[]) {
    if (!Array.isArray(serve)) {
      throw typeError(`serve is ${shown(serve)}: expected an array of URLs`);
    }
    this.urls = serve.map((folder) => {
      let href: string;
      try {
        ({ href } = new URL(folder));
      } catch {
        throw typeError(
          `serve has ${JSON.stringify(folder)}: expected a URL, as import.meta.resolve gives it`,
        );
      }
      if (
        href.startsWith("file:") &&
        !statSync(fileURLToPath(href), { throwIfNoEntry: false })?.isDirectory()
      ) {
        throw typeError(`serve has ${JSON.stringify(href)}: there is no such folder`);
      }
      return href.endsWith("/") ? href : `${href}/`;
    });
    this.#real = this.urls.map((url) => url.startsWith("file:") ? realUrl(url) : url);
  }

  /**
   * Whether the far end may have the file at `url`. If it may not, the answer does not tell whether
   * the file exists.
   */
  find(url: string): "served" | "missing" | "refused" {
    const real = this.#inside(url);
    if (real === undefined) return "refused";
    const isThere = !real.startsWith("file:") ||
      statSync(fileURLToPath(real), { throwIfNoEntry: false })?.isFile();
    return isThere ? "served" : "missing";
  }

  /**
   * Reads a file, if the far end may have it. A link that somebody here puts into the place of the
   * file, or of a folder above it, after the check is not followed.
   */
  async read(url: string): Promise<Uint8Array | "missing" | "refused"> {
    const real = this.#inside(url);
    const found = this.find(url);
    if (found !== "served" || !real?.startsWith("file:")) {
      return found === "served" ? "missing" : found;
    }
    return await readChecked(fileURLToPath(real), () => this.#inside(url) === real) ?? "missing";
  }

  /** How many bytes a file has; 0 if the far end may not have it. */
  sizeOf(url: string): number {
    const real = this.#inside(url);
    if (!real?.startsWith("file:")) return 0;
    const stats = statSync(fileURLToPath(real), { throwIfNoEntry: false });
    return stats?.isFile() ? stats.size : 0;
  }

  /** What a file or a folder is, if the far end may know. */
  async look(url: string): Promise<ServedEntry | "missing" | "refused"> {
    const real = this.#inside(url.replace(/\/+$/, ""), "/");
    if (!real?.startsWith("file:")) return "refused";
    const path = fileURLToPath(real);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isFile()) return [stats.size, stats.mtimeMs, []];
    if (!stats?.isDirectory()) return "missing";
    return [null, stats.mtimeMs, await readdir(path)];
  }

  /**
   * The URL of a file with links resolved, if that is in one of the folders.
   *
   * @param end A slash if it may be one of the folders itself.
   */
  #inside(url: string, end: "" | "/" = ""): string | undefined {
    try {
      const { href } = new URL(url);
      const real = href.startsWith("file:") ? realUrl(href) : href;
      return this.#real.some((folder) => `${real}${end}`.startsWith(folder)) ? real : undefined;
    } catch {
      return undefined; // It is not a URL, or that of a file that cannot exist.
    }
  }
}

/** Resolves all links in a file's URL. The file itself need not exist. */
function realUrl(url: string): string {
  const real = pathToFileURL(realPath(fileURLToPath(url))).href;
  return url.endsWith("/") && !real.endsWith("/") ? `${real}/` : real;
}

function realPath(file: string): string {
  if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) return realpathSync(file);
  const folder = path.dirname(file);
  return folder === file ? file : path.join(realPath(folder), path.basename(file));
}
