import { SourceMaps } from "../protocol/source_map.ts";

/** Has V8 use source maps in stacks. */
export class SourcePositions extends SourceMaps {
  readonly #scripts = new Set<string>();

  /** Has V8 not call functions without a name `eval` that a script of the agent's has made. */
  addScript(url: string): void {
    this.#scripts.add(url);
  }

  /** Has V8 show original positions in all stacks from now on. */
  install(): void {
    const errors = Error as unknown as {
      prepareStackTrace?: (error: unknown, sites: CallSite[]) => unknown;
    };
    errors.prepareStackTrace = (error, sites) => {
      let head: string;
      try {
        head = String(error);
      } catch {
        head = "Error";
      }
      return [head, ...sites.map((site) => `    at ${this.#show(site)}`)].join("\n");
    };
  }

  #show(site: CallSite): string {
    const text = String(site);
    const file = site.getFileName();
    const url = site.getScriptNameOrSourceURL() || file;
    // Scripts that were evaluated have no file.
    const name = file && !text.includes(`${url}:`) ? file : url;
    const line = site.getLineNumber();
    const column = site.getColumnNumber();
    if (!url || line === null || column === null) return text;
    const found = this.find(url, line, column);
    // Deno shows files by their paths here, but by their URLs in other stacks. Node shows a
    // CommonJS module by its URL here.
    const shown = text.replace(
      `${name}:${line}:${column}`,
      () => `${url}:${found.line}:${found.column}`,
    );
    if (file || !this.#scripts.has(url)) return shown;
    return shown.replace(/^((?:async )?)eval \((.*)\)$/, "$1$2");
  }
}

interface CallSite {
  getScriptNameOrSourceURL(): string | null | undefined;
  getFileName(): string | null | undefined;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
}
