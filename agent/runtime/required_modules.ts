import vm from "node:vm";
import { markedModule } from "../protocol/marked_module.ts";
import type { ModuleRecord } from "../protocol/module_record.ts";

/** The loader, as far as ES modules need it that are required. */
export interface RequiredModulesHost {
  readonly records: Map<string, ModuleRecord>;
  /** Gives a module, linked with all that it imports. No other graph may be linked meanwhile. */
  link(id: string): Promise<vm.Module>;
  /** Gives the module that an import means in the module `referrer`. */
  dependency(specifier: string, referrer: string): vm.Module | Promise<vm.Module>;
}

/**
 * ES modules that are required. They are linked ahead, since that takes turns of the event loop,
 * and run when they are required, as here.
 */
export class RequiredModules {
  readonly #host: RequiredModulesHost;
  /** What is required and was not linked yet, ES modules or not. */
  readonly #unlinked = new Set<string>();
  readonly #run = new Map<string, () => unknown>();
  readonly #failed = new Set<string>();

  constructor(host: RequiredModulesHost) {
    this.#host = host;
  }

  /** Takes in what modules require. */
  define(records: readonly ModuleRecord[]): void {
    for (const { requires = {} } of records) {
      for (const id of Object.values(requires)) if (!this.#run.has(id)) this.#unlinked.add(id);
    }
    // What they lacked may have come.
    for (const id of this.#failed) this.#unlinked.add(id);
    this.#failed.clear();
  }

  /**
   * Links the modules that have been added. The error of one that cannot be linked is for those who
   * require it.
   */
  async link(): Promise<void> {
    for (const id of [...this.#unlinked]) {
      const record = this.#host.records.get(id);
      // It may come, or be mended.
      if (record === undefined || record.kind === "broken") continue;
      this.#unlinked.delete(id);
      if (!isEsModule(record)) continue;
      try {
        this.#run.set(id, await this.#link(id));
      } catch (error) {
        this.#failed.add(id);
        this.#run.set(id, () => {
          throw error;
        });
      }
    }
  }

  /** Gives what `require()` gives of an ES module, which runs first if it has not run yet. */
  require(id: string): unknown {
    const run = this.#run.get(id);
    if (run !== undefined) return run();
    const text = `Cannot require ${id}: it is an ES module, and no require() that was sent names ` +
      "it; use import() instead";
    throw Object.assign(new Error(text), { code: "ERR_REQUIRE_ESM" });
  }

  async #link(id: string): Promise<() => unknown> {
    const module = await this.#host.link(id);
    if (await this.#waits(module, new Set())) {
      const text = `Cannot require ${id}: there is an await at its top level, ` +
        "or at that of a module that it imports; use import() instead";
      const code = "ERR_REQUIRE_ASYNC_MODULE";
      return () => {
        throw Object.assign(new Error(text), { code });
      };
    }
    const namespace = module.namespace as Record<string, unknown>;
    const isMarked = !("default" in namespace) || "__esModule" in namespace;
    const face = isMarked ? module : await this.#marked(id);
    return () => {
      if (module.status === "evaluating") {
        const text = `Cannot require ${id}: it has begun to run and waits for this, in a cycle; ` +
          "require it later, where it is used";
        throw Object.assign(new Error(text), { code: "ERR_REQUIRE_CYCLE_MODULE" });
      }
      // It runs at once, and the error is in `error`, too.
      face.evaluate().catch(() => {});
      if (module.status === "errored") throw module.error;
      return "module.exports" in namespace ? namespace["module.exports"] : face.namespace;
    };
  }

  #marked(id: string): Promise<vm.Module> {
    const record = markedModule(id);
    this.#host.records.set(record.id, record);
    return this.#host.link(record.id);
  }

  /** Whether a module or one that it imports has an await at its top level. */
  async #waits(module: vm.Module, seen: Set<vm.Module>): Promise<boolean> {
    const { identifier } = module;
    const record = this.#host.records.get(identifier);
    if (!isEsModule(record) || seen.has(module)) return false;
    seen.add(module);
    const imported = new Map<string, vm.Module>();
    for (const specifier of (module as vm.SourceTextModule).dependencySpecifiers) {
      const one = await this.#host.dependency(specifier, identifier);
      if (await this.#waits(one, seen)) return true;
      imported.set(specifier, one);
    }
    const { source } = record!;
    return typeof source === "string" && /\bawait\b/.test(source) &&
      await hasAwait(source, imported);
  }
}

function isEsModule(record: ModuleRecord | undefined): boolean {
  return record?.kind === "js" || record?.kind === "wasm";
}

/**
 * Whether a module has an await at its top level. The engine does not tell, but a module without
 * one fails at once, and the other not before the next turn. So a copy is made that throws before
 * all else, with imports of the same names and without values.
 */
async function hasAwait(
  source: string,
  imported: ReadonlyMap<string, vm.Module>,
): Promise<boolean> {
  const copy = new vm.SourceTextModule(`throw 0;${source.replace(/^#!/, "//")}`);
  await copy.link((specifier) => {
    const names = Reflect.ownKeys(imported.get(specifier)!.namespace);
    return new vm.SyntheticModule(names.filter((name) => typeof name === "string"), () => {});
  });
  copy.evaluate().catch(() => {});
  return copy.status !== "errored";
}
