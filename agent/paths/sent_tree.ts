import fs from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { SentFile, ServedEntry } from "../protocol/sent_file.ts";

/** A file or a folder of the controller. */
export interface Entry {
  /** Its path, which is the same as at the controller. */
  readonly path: string;
  /** Its size; `null` for a folder. */
  readonly size: number | null;
  /** The time of its last change, in milliseconds. */
  readonly time: number;
  /** The bytes of a file, if they are here. */
  readonly bytes?: Uint8Array | undefined;
  /** What is in a folder. */
  readonly names: Set<string>;
  /**
   * Whether the controller has told only that it exists. To read it, or to list it, fails. A file
   * or folder of the same path on the disk here takes its place.
   */
  readonly isUntold?: boolean;
}

/** How a {@linkcode SentTree} asks the controller. */
export interface SentTreeOptions {
  /** The URLs of the folders that the controller serves, with a slash at their ends. */
  readonly serve: readonly string[];
  /** Gets the bytes of a file; `undefined` if it does not exist. */
  readonly file: (url: string) => Promise<Uint8Array | undefined>;
  /** Looks at a file or a folder; `undefined` if it does not exist. */
  readonly look: (url: string) => Promise<ServedEntry | undefined>;
}

/** The files of the controller that code may open by path: only in memory, never on this disk. */
export class SentTree {
  readonly #options: SentTreeOptions;
  readonly #entries = new Map<string, Entry>();
  /** In milliseconds; the clock of a file system may be some behind. */
  readonly #start = Date.now() - 10;
  /** How many functions run that see only the disk here. */
  #hidden = 0;

  constructor(options: SentTreeOptions) {
    this.#options = options;
  }

  /** Takes in what was sent. */
  add(files: readonly SentFile[]): void {
    for (const [url, size, time, bytes] of files) {
      const path = trimmed(fileURLToPath(url));
      const known = this.#entries.get(path);
      const isUntold = bytes === null;
      if (known !== undefined && (isUntold || bytes === undefined && !known.isUntold)) continue;
      const names = known?.names ?? new Set();
      this.#entries.set(path, { path, size, time, bytes: bytes ?? undefined, names, isUntold });
    }
    for (const path of this.#entries.keys()) {
      const slash = path.lastIndexOf("/");
      this.#entries.get(path.slice(0, slash) || "/")?.names.add(path.slice(slash + 1));
    }
  }

  /** What was sent, in the form in which it is sent on. */
  get files(): SentFile[] {
    return [...this.#entries.values()].map(({ path, size, time, bytes, isUntold }): SentFile => {
      const { href } = pathToFileURL(path);
      if (isUntold) return [href, size, time, null];
      return bytes === undefined ? [href, size, time] : [href, size, time, bytes];
    });
  }

  /**
   * Has a function see only the disk here, as long as it runs. Deno's `node:fs` calls functions of
   * the `Deno` global, which find what was sent.
   */
  hide<T>(work: () => T): T {
    this.#hidden++;
    try {
      return work();
    } finally {
      this.#hidden--;
    }
  }

  /** Whether the controller may have a file at `path`, which only it can say. */
  isServed(path: unknown): boolean {
    if (this.#hidden > 0) return false;
    const url = this.#urlOf(path);
    return url !== undefined && this.#options.serve.some((folder) => `${url}/`.startsWith(folder));
  }

  /** Whether a path is of a file or a folder that was sent, or that only the controller knows. */
  isOurs(path: unknown): boolean {
    return this.find(path) !== undefined || this.isServed(path);
  }

  /** The entry at a path or a `file:` URL, if it was sent and is what code here should see. */
  find(path: unknown): Entry | undefined {
    if (this.#hidden > 0) return undefined;
    const name = pathOf(path);
    const entry = name === undefined ? undefined : this.#entries.get(name);
    if (entry === undefined || entry.size === null && !entry.isUntold) return entry;
    const there = this.hide(() => statHere(entry.path));
    if (there === undefined) return entry;
    if (entry.isUntold) return undefined;
    // A file that was written here since then is what code expects to read again.
    if (Math.max(there.mtimeMs, there.ctimeMs) > this.#start) return undefined;
    return entry.bytes === undefined && there.size === entry.size ? undefined : entry;
  }

  /** All that was sent, but for what code here should see of this disk. */
  *entries(): Iterable<Entry> {
    for (const path of this.#entries.keys()) {
      const entry = this.find(path);
      if (entry !== undefined && !entry.isUntold) yield entry;
    }
  }

  /** Whether a folder of the controller was sent that has this path. */
  isFolder(path: string): boolean {
    return this.#entries.get(path)?.size === null;
  }

  /** The entry at a path, with its bytes, for which the controller is asked. */
  async load(path: unknown): Promise<Entry | undefined> {
    const { file } = this.#options;
    const url = this.#urlOf(path);
    const found = this.find(path);
    // If it is in a folder that is served, the controller tells more.
    const entry = found?.isUntold && this.isServed(path) || found === undefined
      ? await this.#look(path, url)
      : found;
    if (entry?.isUntold) return entry;
    if (entry === undefined || entry.size === null || entry.bytes !== undefined) return entry;
    const bytes = await file(url!).catch((): undefined => undefined);
    return bytes === undefined ? entry : { ...entry, bytes };
  }

  async #look(path: unknown, url: string | undefined): Promise<Entry | undefined> {
    if (url === undefined || !this.isServed(path)) return undefined;
    const found = await this.#options.look(url);
    if (found === undefined) return undefined;
    const [size, time, names] = found;
    return { path: pathOf(path)!, size, time, names: new Set(names) };
  }

  #urlOf(path: unknown): string | undefined {
    const name = pathOf(path);
    return name === undefined ? undefined : pathToFileURL(name).href;
  }
}

/** The absolute form of a path or a `file:` URL; `undefined` if it is neither. */
function pathOf(path: unknown): string | undefined {
  try {
    if (path instanceof URL) return trimmed(fileURLToPath(path));
    if (typeof path === "string") return resolve(path);
    return path instanceof Uint8Array ? resolve(new TextDecoder().decode(path)) : undefined;
  } catch {
    return undefined; // the URL is not that of a file, or the working folder is gone
  }
}

function trimmed(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}

function statHere(path: string): fs.Stats | undefined {
  const { stackTraceLimit } = Error;
  // Deno makes an error for a missing file, and its stack takes milliseconds. Somebody may have
  // frozen `Error`, so that an assignment would throw.
  Reflect.set(Error, "stackTraceLimit", 0);
  try {
    return fs.statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // the agent lacks the permission
  } finally {
    Reflect.set(Error, "stackTraceLimit", stackTraceLimit);
  }
}
