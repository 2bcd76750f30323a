import {
  type ModuleRecord,
  NO_MODULE,
  WORKERS_MODULE,
} from "../../agent/protocol/module_record.ts";
import { EDITED } from "./edited.ts";
import type { SourceModule } from "./module_source.ts";
import { modulesHere } from "./modules_here.ts";

const known = new Map<string, Promise<SourceModule>>();

/**
 * The module `id` and all that it imports, directly or not, ready to be sent. Each is read once. In
 * place of a module that cannot be sent there is the reason, if nothing loads it at once.
 *
 * @param first The module itself, if it has been read and is not to be kept.
 * @throws {TypeError} If a module that is loaded with `id` cannot be sent; the text names it.
 */
export async function moduleGraph(
  id: string,
  first?: SourceModule,
): Promise<ReadonlyMap<string, ModuleRecord>> {
  const found = new Map<string, SourceModule | Error>();
  const read = (one: string): SourceModule | Promise<SourceModule | Error> =>
    one === id && first !== undefined ? first : moduleOf(one).catch(asError);
  let level = new Set([id]);
  while (level.size > 0) {
    const loaded = await Promise.all(
      Array.from(level, async (one) => [one, await read(one)] as const),
    );
    for (const [one, module] of loaded) found.set(one, module);
    level = new Set();
    for (const [, module] of loaded) {
      if (module instanceof Error) continue;
      for (const one of [...module.needs, ...module.wants ?? []]) {
        if (!found.has(one) && isSent(one)) level.add(one);
      }
    }
  }
  throwIfNeeded(id, found);
  const names = importedFrom(id, found);
  return new Map(
    await Promise.all(Array.from(found, async ([one, module]) => {
      if (module instanceof Error) return [one, brokenModule(one, module)] as const;
      return [one, await withExports(module.record, names.get(one))] as const;
    })),
  );
}

/** The modules that the module `id` and others import, with the names that these import. */
function importedFrom(
  id: string,
  found: ReadonlyMap<string, SourceModule | Error>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const names = new Map([[id, new Set<string>()]]);
  for (const module of found.values()) {
    if (module instanceof Error) continue;
    for (const one of Object.values(module.record.imports)) {
      const all = names.get(one) ?? new Set();
      names.set(one, all);
      for (const name of module.names?.get(one) ?? []) all.add(name);
    }
  }
  for (const [one, module] of found) {
    if (module instanceof Error || module.sameAs === undefined) continue;
    for (const name of names.get(one) ?? []) names.get(module.sameAs)!.add(name);
  }
  return names;
}

const exporting = new WeakMap<ModuleRecord, ModuleRecord>();

/** Gives a CommonJS module that is imported, with the names that it exports. */
async function withExports(
  record: ModuleRecord,
  imported: ReadonlySet<string> | undefined,
): Promise<ModuleRecord> {
  if (record.kind !== "cjs" || imported === undefined) return record;
  // What imports a name here, and runs, is right: there is such an export.
  const exports = [...new Set([...await modulesHere.exportsOf(record), ...imported])].sort();
  const known = exporting.get(record);
  if (known !== undefined && `${known.exports}` === `${exports}`) return known;
  const made = { ...record, exports };
  exporting.set(record, made);
  return made;
}

/**
 * Throws the error of a module that is loaded with the module `id`. Of one that was loaded here,
 * code that catches errors would make something else there.
 */
function throwIfNeeded(id: string, found: ReadonlyMap<string, SourceModule | Error>): void {
  for (const module of found.values()) {
    if (module instanceof Error && "code" in module && module.code === EDITED) throw module;
  }
  /** The modules that are loaded, with one that imports each. */
  const needed = new Map<string, string | undefined>([[id, undefined]]);
  for (const [one, importer] of needed) {
    const module = found.get(one);
    if (module instanceof Error) throw importedBy(importer, module);
    for (const need of module?.needs ?? []) if (!needed.has(need)) needed.set(need, one);
  }
}

function importedBy(importer: string | undefined, error: Error): Error {
  if (importer === undefined) return error;
  return new TypeError(`${error.message} (imported by ${importer})`, { cause: error.cause });
}

/** A module that fails when it is loaded. */
function brokenModule(id: string, { message, code }: Error & { code?: string }): ModuleRecord {
  return { id, kind: "broken", source: JSON.stringify({ message, code }), imports: {} };
}

function asError(error: unknown): Error {
  if (error instanceof Error) return error;
  throw error;
}

/** Whether the module that an import means is one to send. */
export function isSent(id: string): boolean {
  return id !== NO_MODULE && id !== WORKERS_MODULE && !id.startsWith("node:");
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
