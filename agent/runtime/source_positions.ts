import { SourceMaps } from "../protocol/source_map.ts";

/** Has V8 use source maps in stacks. */
export class SourcePositions extends SourceMaps {
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
    // Scripts that were evaluated have no file.
    const name = site.getFileName() || site.getScriptNameOrSourceURL();
    const url = site.getScriptNameOrSourceURL() || name;
    const line = site.getLineNumber();
    const column = site.getColumnNumber();
    if (!url || line === null || column === null) return text;
    const found = this.find(url, line, column);
    // Deno shows files by their paths here, but by their URLs in other stacks.
    return text.replace(`${name}:${line}:${column}`, () => `${url}:${found.line}:${found.column}`);
  }
}

interface CallSite {
  getScriptNameOrSourceURL(): string | null | undefined;
  getFileName(): string | null | undefined;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
}
