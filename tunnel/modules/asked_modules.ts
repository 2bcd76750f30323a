import { realpathSync, statSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type ModuleRecord, urlOf } from "../../agent/protocol/module_record.ts";
import { moduleGraph } from "./module_graph.ts";
import type { SourceModule } from "./module_source.ts";
import { modulesHere } from "./modules_here.ts";

/**
 * So many modules may have URLs that are not just those of files. Programs add a query to load a
 * module anew, but a far end could go on with `?1`, `?2` and so on without an end.
 */
const MOST_MODULES = 10_000;

/** The most characters or bytes of source that these modules may have together. */
const MOST_SOURCE = 256 * 1024 ** 2;

/**
 * What was read of a file for a URL with a query, with the state of the file then. There is one for
 * each file and type, whatever URLs it has.
 */
const read = new Map<string, { readonly stamp: string; readonly module: Promise<SourceModule> }>();

/**
 * The modules that the far end of one connection asks for by name. It may spell the URL of a file
 * in endless ways, which are modules of their own.
 */
export class AskedModules {
  #count = 0;
  #source = 0;

  /**
   * The module `id` and all that it imports, as {@linkcode moduleGraph} gives them. It is not kept
   * here if its URL is not just that of a file.
   *
   * @throws {TypeError} If one of them cannot be sent, or there were too many.
   */
  async graph(id: string): Promise<ReadonlyMap<string, ModuleRecord>> {
    const url = urlOf(id);
    const path = url.startsWith("file:") ? fileURLToPath(url) : undefined;
    const plain = path && pathToFileURL(path).href;
    const isReal = path !== undefined && realPath(path) === path;
    if (isReal && plain === url || modulesHere.hasReceived(id)) return await moduleGraph(id);
    this.#check(id, ++this.#count > MOST_MODULES);
    const known = isReal ? readOnce(id, path, plain + id.slice(url.length)) : undefined;
    const module = await (known ?? modulesHere.module(id));
    const { record } = module;
    this.#source += record.source.length;
    this.#check(id, this.#source > MOST_SOURCE);
    return await moduleGraph(id, { ...module, record: { ...record, id } });
  }

  #check(id: string, isTooMuch: boolean): void {
    if (!isTooMuch) return;
    throw new TypeError(
      `Cannot import ${id.slice(0, 1000)}: the far end has imported ${MOST_MODULES} modules, or ` +
        `${MOST_SOURCE} bytes of them, by URLs with a query or a link; import files by their own ` +
        "URLs, or connect again",
    );
  }
}

/**
 * Reads a module once for all the URLs of its file, until the file changes.
 *
 * @param key The URL of the file, with the type.
 */
function readOnce(id: string, path: string, key: string): Promise<SourceModule> {
  const { mtimeMs, ctimeMs, size } = statSync(path);
  const stamp = `${mtimeMs} ${ctimeMs} ${size}`;
  const known = read.get(key);
  if (known?.stamp === stamp) return known.module;
  const module = modulesHere.module(id);
  read.set(key, { stamp, module });
  module.catch(() => read.delete(key));
  return module;
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
