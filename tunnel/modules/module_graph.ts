import { type ModuleRecord, NO_MODULE } from "../../agent/protocol/module_record.ts";
import type { SourceModule } from "./module_source.ts";
import { modulesHere } from "./modules_here.ts";

const known = new Map<string, Promise<SourceModule>>();

/**
 * The module `id` and all that it imports, directly or not, ready to be sent.
 * Each is read once. What it may need, such as the module of a worker, goes along.
 *
 * @param first The module itself, if it has been read and is not to be kept.
 * @throws {TypeError} If one of them cannot be sent; the text names it.
 */
export async function moduleGraph(
  id: string,
  first?: SourceModule,
): Promise<ReadonlyMap<string, ModuleRecord>> {
  const found = new Map<string, ModuleRecord>();
  const optional = new Set(await addGraph(id, found, first));
  for (const one of optional) {
    if (found.has(one) || !isSent(one)) continue;
    const graph = new Map(found);
    try {
      for (const more of await addGraph(one, graph)) optional.add(more);
    } catch (error) {
      // It may never be reached. If it is, that fails with the reason.
      const source = `throw new TypeError(${JSON.stringify((error as Error).message)});`;
      found.set(one, { id: one, kind: "js", source, imports: {} });
      continue;
    }
    for (const [key, record] of graph) found.set(key, record);
  }
  return found;
}

/** Adds a module and all that it imports, and gives the modules that those may need, too. */
async function addGraph(
  id: string,
  found: Map<string, ModuleRecord>,
  first?: SourceModule,
): Promise<string[]> {
  const optional: string[] = [];
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
    for (const { record, needs, mayNeed = [] } of loaded) {
      optional.push(...mayNeed);
      for (const one of needs) if (!found.has(one) && isSent(one)) level.set(one, record.id);
    }
  }
  return optional;
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
