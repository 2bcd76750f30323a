/** The part of the `Deno` global that is used here. */
interface DenoGlobal {
  readFile(path: string | URL, options?: unknown): Promise<Uint8Array>;
  readTextFile(path: string | URL, options?: unknown): Promise<string>;
  readonly errors: { readonly NotFound: new (message: string) => Error };
}

/**
 * Makes `Deno.readFile`, `Deno.readTextFile` and `readFile` of `node:fs/promises` ask the
 * controller for `file:` URLs in the folders `serve`, as data beside a module is where the module
 * came from.
 *
 * @param serve The URLs of folders, with a slash at their ends.
 * @param ask Gets a file from the controller; `undefined` if it does not exist.
 */
export async function readServedFiles(
  serve: readonly string[],
  ask: (url: string) => Promise<Uint8Array | undefined>,
): Promise<void> {
  // Loading it only now spares other agents the slowest part of their start.
  const { default: fs } = await import("node:fs/promises");
  const { Buffer } = await import("node:buffer");
  const deno = (globalThis as { Deno?: DenoGlobal }).Deno;
  const isServed = (path: unknown): path is URL =>
    path instanceof URL && serve.some((folder) => path.href.startsWith(folder));
  const read = async ({ href }: URL): Promise<Uint8Array> => {
    const bytes = await ask(href);
    if (bytes !== undefined) return bytes;
    const message = `No such file at the controller: ${href}`;
    if (deno !== undefined) throw new deno.errors.NotFound(message);
    throw Object.assign(new Error(`ENOENT: ${message}`), { code: "ENOENT" });
  };
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

  const { readFile } = fs;
  const files = fs as unknown as Record<"readFile", typeof readFile>;
  files.readFile = (async (path: unknown, options?: string | { encoding?: string }) => {
    if (!isServed(path)) return await readFile(path as string, options as never);
    const bytes = await read(path);
    const encoding = typeof options === "string" ? options : options?.encoding;
    return encoding ? Buffer.from(bytes).toString(encoding as BufferEncoding) : Buffer.from(bytes);
  }) as typeof readFile;
  if (deno === undefined) return;
  const { readFile: readBytes, readTextFile } = deno;
  deno.readFile = (path, options) => isServed(path) ? read(path) : readBytes(path, options);
  deno.readTextFile = async (path, options) =>
    isServed(path) ? decode(await read(path)) : await readTextFile(path, options);
}
