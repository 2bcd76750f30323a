import { readFileSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { ModuleRecord } from "../../agent/protocol/module_record.ts";
import type { SentFile } from "../../agent/protocol/sent_file.ts";
import type { IncludedFiles } from "../modules/included_files.ts";
import { modulesHere } from "../modules/modules_here.ts";
import type { NamedFiles } from "../modules/named_files.ts";
import { type PackageFiles, urlOfPath } from "../modules/package_files.ts";
import { readChecked } from "../modules/read_checked.ts";

/** Options for {@linkcode FileShipment}, all of which a session sets. */
export interface FileShipmentOptions {
  readonly include: IncludedFiles;
  /** Whether folders are served. */
  readonly isServing: boolean;
  /** Tells the user that something is not sent. */
  readonly report: (line: string) => void;
}

/**
 * The files that the agent of one connection has been sent, or been told of. It makes no set before
 * it has something to put there: an empty one takes 150 bytes for each of a thousand tunnels.
 */
export class FileShipment {
  readonly #options: FileShipmentOptions;
  /** The packages that the agent has been told of. */
  #packages: Set<PackageFiles> | undefined;
  /** The paths of files that have been sent. */
  #sent: Set<string> | undefined;
  /** The packages of which not all was sent that their modules name. */
  #reported: Set<PackageFiles> | undefined;
  /** The URLs of what the agent has been told to exist. */
  #sought: Set<string> | undefined;
  #bytes = 0;
  #hasBegun = false;

  constructor(options: FileShipmentOptions) {
    this.#options = options;
  }

  /** Whether all has been taken that is sent whatever is called. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /**
   * Takes what is sent whatever is called; `undefined` if the agent needs no part for files.
   *
   * @throws {RangeError} If that is more than the limit.
   */
  begin(): SentFile[] | undefined {
    if (this.#hasBegun) return undefined;
    const { include, isServing } = this.#options;
    const files = [...modulesHere.receivedFiles(), ...include.read()];
    for (const [, , , bytes] of files) this.#bytes += bytes?.length ?? 0;
    this.#hasBegun = true;
    return files.length > 0 || isServing ? files : undefined;
  }

  /** Takes the files that modules name, and their packages' lists of files. */
  take(modules: Iterable<ModuleRecord>): SentFile[] {
    const taken: SentFile[] = [];
    for (const record of modules) {
      const found = modulesHere.namedFiles(record);
      for (const { files, named } of found ?? []) this.#take(files, named, taken);
      if (found === undefined && (record.kind === "js" || record.kind === "cjs")) {
        taken.push(...this.takeSought(record.source as string, record.id));
      }
    }
    return taken;
  }

  /**
   * Takes what code of the user looks for beside itself and what exists: not the contents, which
   * only options send along, but the far end can say so, rather than that there is no such file.
   */
  takeSought(source: string, url: string): SentFile[] {
    return modulesHere.sought(source, url).filter(([url]) => {
      const sought = this.#sought ??= new Set();
      const isNew = !sought.has(url);
      sought.add(url);
      return isNew;
    });
  }

  /** How many bytes a file has; `undefined` if the agent was not told of it. */
  sizeOf(url: string): number | undefined {
    return this.#find(url)?.size;
  }

  /** The bytes of a file, if the agent was told of it, else `undefined`. */
  async read(url: string): Promise<Uint8Array | undefined> {
    const path = this.#find(url)?.path;
    // It may have become a link since.
    const isStill = (): boolean => realpathSync(path!) === path;
    return path === undefined || !isStill() ? undefined : await readChecked(path, isStill);
  }

  #find(url: string): { readonly path: string; readonly size: number } | undefined {
    let path: string;
    try {
      path = fileURLToPath(url);
    } catch {
      return undefined;
    }
    for (const { files } of this.#packages ?? []) {
      const size = files.get(path)?.size;
      if (size !== undefined && size !== null) return { path, size };
    }
    return undefined;
  }

  #take(all: PackageFiles, { data, isReader }: NamedFiles, taken: SentFile[]): void {
    if (data.size === 0 && !isReader) return;
    const packages = this.#packages ??= new Set();
    if (!packages.has(all)) {
      packages.add(all);
      for (const [path, { size, time }] of all.files) taken.push([urlOfPath(path), size, time]);
    }
    let left = 0;
    const sent = this.#sent ??= new Set();
    for (const path of data) {
      const { size, time } = all.files.get(path)!;
      if (sent.has(path)) continue;
      if (this.#bytes + size! > this.#options.include.limit) {
        left += size!;
        continue;
      }
      sent.add(path);
      this.#bytes += size!;
      taken.push([urlOfPath(path), size, time, new Uint8Array(readFileSync(path))]);
    }
    if (left > 0) this.#report(all, left);
  }

  #report(all: PackageFiles, bytes: number): void {
    if (this.#reported?.has(all)) return;
    (this.#reported ??= new Set()).add(all);
    const { report, include } = this.#options;
    report(
      `Not sent along: ${bytes} bytes of files that ${
        basename(all.root)
      } (${all.root}) names, as ` +
        `includeLimit is ${include.limit}; raise it if the far end opens them synchronously`,
    );
  }
}
