import type { ModuleHost } from "./module_host.ts";

/** The code of modules, read once though their importers look into it as well. */
export class ModuleCode {
  readonly #host: ModuleHost;
  readonly #read = new Map<string, Promise<string | undefined>>();
  readonly #making = new Map<string, boolean>();

  constructor(host: ModuleHost) {
    this.#host = host;
  }

  /** The code of a module, which is not kept. */
  async take(url: string): Promise<string | undefined> {
    const code = await this.#get(url);
    this.#read.delete(url);
    return code;
  }

  /** Whether a `require()` may be made in a module. */
  async makesRequire(url: string): Promise<boolean> {
    if (!this.#making.has(url)) await this.#get(url).catch(() => {});
    return this.#making.get(url) ?? false;
  }

  #get(url: string): Promise<string | undefined> {
    let code = this.#read.get(url);
    if (code === undefined) {
      code = this.#host.code(url).then((text) => {
        this.#making.set(url, !!text?.includes("createRequire"));
        return text;
      });
      this.#read.set(url, code);
      code.catch(() => this.#read.delete(url));
    }
    return code;
  }
}
