import type { FunctionUnit } from "../../agent/protocol/handle.ts";
import type { ModuleRecord } from "../../agent/protocol/module_record.ts";
import type { SentFile, ServedEntry } from "../../agent/protocol/sent_file.ts";
import type { ModuleImport } from "../source/imports.ts";
import type { NamedFiles } from "./named_files.ts";
import type { PackageFiles } from "./package_files.ts";
import type { ServedFolders } from "./served_folders.ts";

/** A module as it is sent. */
export interface SourceModule {
  readonly record: ModuleRecord;
  /** The ids of the modules that have to be there when it is loaded. */
  readonly needs: readonly string[];
  /** The ids of more modules that it may load; one that is never reached may be broken. */
  readonly wants?: readonly string[];
  /** The names that it imports, by the ids of the modules. */
  readonly names?: ReadonlyMap<string, readonly string[]>;
  /** The id of the CommonJS module that it is another name of. */
  readonly sameAs?: string;
}

/** The files that a module names of one package. */
export interface FilesOfPackage {
  readonly files: PackageFiles;
  readonly named: NamedFiles;
}

/**
 * Where modules come from. The first controller has Deno's loader; an agent that is the controller
 * of further agents has the modules that it was sent.
 */
export interface ModuleSource {
  /** Whether `id` is the script that runs here, whose top level is never run at the far end. */
  isEntry(id: string): boolean;

  /**
   * The id that an import in the script `referrer` means; `NO_MODULE` for an `import()` that leads
   * nowhere, `undefined` if it is not known.
   *
   * @throws {TypeError} If the import is not an `import()`, and leads nowhere.
   */
  resolveImport(one: ModuleImport, referrer: string): Promise<string | undefined>;

  /**
   * The id that a computed `import()` means in the script `referrer`, which runs at the far end.
   * There need not be such a module. No code is run to find out.
   */
  resolveDynamic(
    specifier: string,
    referrer: string,
    type: string | undefined,
  ): Promise<string | undefined>;

  /**
   * The answer of `import.meta.resolve(specifier)` in the script `referrer`; `undefined` if
   * unknown.
   */
  resolveUrl(specifier: string, referrer: string): Promise<string | undefined>;

  /**
   * The module `id`, ready to be sent.
   *
   * @throws {TypeError} If it cannot be sent; the text names it.
   */
  module(id: string): Promise<SourceModule>;

  /** The ids of modules, all of which exist, that the code of a script may start workers of. */
  workers(source: string, url: string): readonly string[];

  /**
   * The id of a module that says what code of the script `url` requires that goes by value;
   * `undefined` if it requires nothing.
   *
   * @throws {TypeError} If it requires the script that runs here.
   */
  requiring(source: string, url: string, isModule: boolean): string | undefined;

  /**
   * What each `import()` whose name is computed may mean in code, which is all or a part of the
   * script `url`: ids by specifiers.
   *
   * @param script The whole script.
   */
  computed(source: string, url: string, script: string): Promise<Record<string, string>>;

  /** The names that a CommonJS module exports to those who import it, but for `default`. */
  exportsOf(record: ModuleRecord): Promise<readonly string[]>;

  /** The JavaScript of a script as it runs here, with its source map; `undefined` if unknown. */
  code(url: string): Promise<string | undefined>;

  /** The same, if that can be had at once, as that of most files. */
  codeNow(url: string): string | undefined;

  /**
   * The exports of a module that runs already, if they can be had at once: those of CommonJS
   * modules, and of modules that were received.
   *
   * @param isEsModule Whether it is an ES module: if that is required, it seems to be CommonJS.
   */
  exportsNow(url: string, isEsModule: boolean): Readonly<Record<string, unknown>> | undefined;

  /** The namespace of a module that runs already; `undefined` if it cannot be had. */
  namespace(id: string): Promise<Record<string, unknown> | undefined>;

  /** The code of functions that was cut from the script `url` and sent here. */
  units(url: string): readonly FunctionUnit[];

  /** Whether a controller sent the module `id` here, and so lets it be sent further. */
  hasReceived(id: string): boolean;

  /**
   * Reads a file for a far end.
   *
   * @param url A `file:` URL.
   * @param folders The folders whose files far ends of this process may have.
   */
  servedFile(url: string, folders: ServedFolders): Promise<Uint8Array | "missing" | "refused">;

  /** How many bytes {@linkcode servedFile} would read; `undefined` if that is not known. */
  servedSize(url: string, folders: ServedFolders): number | undefined;

  /** Looks at a file or a folder for a far end, as {@linkcode servedFile} reads one. */
  servedEntry(url: string, folders: ServedFolders): Promise<ServedEntry | "missing" | "refused">;

  /**
   * The files of packages that a module names; `undefined` if it belongs to no package whose files
   * are known.
   */
  namedFiles(record: ModuleRecord): readonly FilesOfPackage[] | undefined;

  /** What code that is no package's names beside itself and looks for, as far as it exists. */
  sought(source: string, url: string): readonly SentFile[];

  /** The files that a controller sent here, which are sent on. */
  receivedFiles(): readonly SentFile[];
}
