import type { AgentHost } from "../../agent/agent_host.ts";
import type { FunctionUnit } from "../../agent/protocol/handle.ts";
import {
  importKey,
  type ModuleRecord,
  urlOf as specifierOf,
} from "../../agent/protocol/module_record.ts";
import type { SentFile, ServedEntry } from "../../agent/protocol/sent_file.ts";
import type { ModuleImport } from "../source/imports.ts";
import { computedTypes } from "../source/named_imports.ts";
import { templateImports } from "../source/template_imports.ts";
import type { ModuleSource, SourceModule } from "./module_source.ts";
import { namedModules } from "./named_files.ts";

/** The modules that an agent was sent. What is missing among them, its controller may know. */
export class ReceivedModules implements ModuleSource {
  readonly #agent: AgentHost;

  constructor(agent: AgentHost) {
    this.#agent = agent;
  }

  /** The script that the agent runs is its own program, which nothing imports. */
  isEntry(): boolean {
    return false;
  }

  async resolveImport(
    { specifier, type, isDynamic }: ModuleImport,
    referrer: string,
  ): Promise<string | undefined> {
    const known = this.#resolveKnown(importKey(specifier, type), referrer);
    if (known !== undefined || !isDynamic) return known;
    return await this.#agent.ask(specifier, referrer, type).catch((): undefined => undefined);
  }

  resolveDynamic(
    specifier: string,
    referrer: string,
    type: string | undefined,
  ): Promise<string | undefined> {
    return this.resolveImport({ specifier, type, isDynamic: true }, referrer);
  }

  resolveUrl(specifier: string, referrer: string): Promise<string | undefined> {
    const { record, units } = this.#agent;
    return Promise.resolve(
      record(referrer)?.resolves?.[specifier] ??
        units(referrer).find(({ resolves = {} }) => specifier in resolves)?.resolves?.[specifier],
    );
  }

  module(id: string): Promise<SourceModule> {
    const record = this.#agent.record(id);
    if (record === undefined) {
      return Promise.reject(new TypeError(`Cannot send module ${id}: it was not sent here`));
    }
    // The rest is not sent: an addon, or a file of which a module only asks for the path.
    const needs = [...Object.values(record.imports), ...Object.values(record.requires ?? {})]
      .filter((one) => this.hasReceived(one));
    const wants = /^c?js$/.test(record.kind) ? this.workers(record.source as string, id) : [];
    return Promise.resolve({ record, needs, wants });
  }

  workers(source: string, url: string): string[] {
    return namedModules(source, url).filter((one) => this.hasReceived(one));
  }

  /** Only the first controller knows what a name means. */
  requiring(): undefined {
    return undefined;
  }

  computed(source: string, url: string): Promise<Record<string, string>> {
    const { record, units } = this.#agent;
    const known = [record(url), ...units(url)].flatMap((one) => Object.entries(one?.imports ?? {}));
    const isAny = computedTypes(source).size > 0;
    const templates = templateImports(source, source);
    return Promise.resolve(Object.fromEntries(
      known.filter(([key]) =>
        isAny || templates.some(({ pattern }) => pattern.test(specifierOf(key)))
      ),
    ));
  }

  exportsOf({ exports = [] }: ModuleRecord): Promise<readonly string[]> {
    return Promise.resolve(exports);
  }

  code(url: string): Promise<string | undefined> {
    const record = this.#agent.record(url);
    return Promise.resolve(record?.kind === "js" ? record.source as string : undefined);
  }

  codeNow(url: string): string | undefined {
    const record = this.#agent.record(url);
    return record?.kind === "js" ? record.source as string : undefined;
  }

  exportsNow(url: string): Readonly<Record<string, unknown>> | undefined {
    return this.#agent.namespace(url);
  }

  namespace(id: string): Promise<Record<string, unknown> | undefined> {
    return Promise.resolve(this.#agent.namespace(id));
  }

  units(url: string): readonly FunctionUnit[] {
    return this.#agent.units(url);
  }

  hasReceived(id: string): boolean {
    return this.#agent.record(id) !== undefined;
  }

  /** A file is where the modules came from: the first controller knows what it serves. */
  async servedFile(url: string): Promise<Uint8Array | "missing"> {
    return await this.#agent.file(url) ?? "missing";
  }

  servedSize(): undefined {
    return undefined;
  }

  async servedEntry(url: string): Promise<ServedEntry | "missing"> {
    return await this.#agent.look(url) ?? "missing";
  }

  /** Where packages are installed, only the first controller knows. */
  namedFiles(): undefined {
    return undefined;
  }

  /** The first controller has told of what it found. */
  sought(): [] {
    return [];
  }

  receivedFiles(): readonly SentFile[] {
    return this.#agent.files();
  }

  /** The id that an import means, if the controller has said it. */
  #resolveKnown(key: string, referrer: string): string | undefined {
    if (key.startsWith("node:")) return key;
    const { record, units } = this.#agent;
    return record(referrer)?.imports[key] ??
      units(referrer).find(({ imports }) => key in imports)?.imports[key];
  }
}
