import type { FunctionUnit, UnitContext } from "../protocol/handle.ts";
import { scriptOf } from "../protocol/script_unit.ts";
import type { Namespace } from "./loader.ts";
import { nodeProcess } from "./node_process.ts";
import { runScript } from "./parts.ts";
import type { SentModules } from "./sent_modules.ts";
import type { SourcePositions } from "./source_positions.ts";

/**
 * Runs the code of functions, and loads what they import. Before the first module arrives, there is
 * only code that can do without modules, and built-in modules.
 */
export class CodeRunner {
  /** Arrives with the first module. */
  modules: SentModules | undefined;
  readonly #positions: SourcePositions;
  /** Make the functions of units that run as scripts, each of which runs once. */
  readonly #makers = new Map<FunctionUnit, () => UnitContext>();

  constructor(positions: SourcePositions) {
    this.#positions = positions;
  }

  /** Gives the namespace of a module, which is loaded first if it was not yet. */
  async import(id: string): Promise<Namespace> {
    if (this.modules !== undefined) return await this.modules.import(id);
    // Another module would be one of this machine's disk.
    if (!id.startsWith("node:")) throw new TypeError(`Cannot import ${id}: it was not sent along`);
    nodeProcess(); // before the module makes it
    return await import(id);
  }

  /** Makes the functions of a unit, with variables of their own. */
  async run(unit: FunctionUnit): Promise<UnitContext> {
    let make = this.#makers.get(unit);
    if (make === undefined) {
      if (this.modules !== undefined) return await this.modules.run(unit);
      if (unit.mappings !== undefined) this.#positions.add(unit.url, unit.mappings);
      this.#positions.addScript(unit.url);
      make = runScript<() => UnitContext>(scriptOf(unit)!);
      this.#makers.set(unit, make);
    }
    return make();
  }
}
