import { type ModuleRecord, NO_MODULE } from "../../agent/protocol/module_record.ts";
import type { SourceModule } from "./module_source.ts";
import { modulesHere } from "./modules_here.ts";

const known = new Map<string, Promise<SourceModule>>();

/**
 * The module `id` and all that it imports or may run as workers, directly or not, ready to be sent.
 * Each is read once.
 *
 * @param first The module itself, if it has been read and is not to be kept.
 * @throws {TypeError} If one of them cannot be sent; the text names it.
 */
export async function moduleGraph(
  id: string,
  first?: SourceModule,
): Promise<ReadonlyMap<string, ModuleRecord>> {
  const found = new Map<string, ModuleRecord>();
  const workers = new Set(await addGraph(id, found, first));
  for (const worker of workers) {
    if (found.has(worker)) continue;
    const graph = new Map(found);
    try {
      for (const one of await addGraph(worker, graph)) workers.add(one);
    } catch (error) {
      // It may never be started. If it is, that fails with the reason.
      const source = `throw new TypeError(${JSON.stringify((error as Error).message)});`;
      found.set(worker, { id: worker, kind: "js", source, imports: {} });
      continue;
    }
    for (const [key, record] of graph) found.set(key, record);
  }
  return found;
}

/** Adds a module and all that it imports, and gives the modules that those may run as workers. */
async function addGraph(
  id: string,
  found: Map<string, ModuleRecord>,
  first?: SourceModule,
): Promise<string[]> {
  const workers: string[] = [];
  /** The modules of the next round, with one that imports each. */
  let level = new Map<string, string | undefined>([[id, undefined]]);
  while (level.size > 0) {
    const loaded = await Promise.all(
      Array.from(
        level,
        ([one, importer]) =>
          (one === id && first ? Promise.resolve(first) : moduleOf(one)).catch((error) => {
            throw importedBy(importer, error);
          }),
      ),
    );
    for (const { record } of loaded) found.set(record.id, record);
    level = new Map();
    for (const { record, needs, workers: more = [] } of loaded) {
      workers.push(...more);
      for (const one of needs) if (!found.has(one) && isSent(one)) level.set(one, record.id);
    }
  }
  return workers;
}

function importedBy(importer: string | undefined, error: Error): Error {
  if (importer === undefined) return error;
  return new TypeError(`${error.message} (imported by ${importer})`, { cause: error.cause });
}

/** Whether the module that an import means is one to send. */
export function isSent(id: string): boolean {
  return id !== NO_MODULE && !id.startsWith("node:");
}

function moduleOf(id: string): Promise<SourceModule> {
  let module = known.get(id);
  if (module === undefined) {
    module = modulesHere.module(id);
    known.set(id, module);
    // The user may have corrected the file before the next call.
    module.catch(() => known.delete(id));
  }
  return module;
}
