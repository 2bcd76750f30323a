import { type ModuleRecord, NO_MODULE } from "../../agent/protocol/module_record.ts";
import type { SourceModule } from "./module_source.ts";
import { modulesHere } from "./modules_here.ts";

const known = new Map<string, Promise<SourceModule>>();

/**
 * The module `id` and all that it imports, directly or not, ready to be sent. Each is read once.
 *
 * @throws {TypeError} If one of them cannot be sent; the text names it.
 */
export async function moduleGraph(id: string): Promise<ReadonlyMap<string, ModuleRecord>> {
  const found = new Map<string, ModuleRecord>();
  let level = [id];
  while (level.length > 0) {
    const loaded = await Promise.all(level.map(moduleOf));
    for (const { record } of loaded) found.set(record.id, record);
    const next = loaded.flatMap(({ needs }) => needs);
    level = [...new Set(next)].filter((one) => !found.has(one) && isSent(one));
  }
  return found;
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
