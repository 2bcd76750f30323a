import fs from "node:fs";
import { ON_DISK } from "../protocol/on_disk.ts";
import { denoError, NOT_SENT, unwatchable, withAdvice } from "./path_error.ts";
import type { Entry, SentTree } from "./sent_tree.ts";

// deno-lint-ignore no-explicit-any -- the functions of the `Deno` global have many forms each
type Any = any;

/** Has the reading functions of the `Deno` global find the files of the controller as well. */
export function extendDeno(deno: Record<string, Any>, tree: SentTree): void {
  const operations: Record<string, (entry: Entry, options?: Any) => unknown> = {
    readFile: (entry) => bytesOf(entry).slice(),
    readTextFile: (entry) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytesOf(entry)),
    copyFile: (entry, target) => deno.writeFileSync(target, bytesOf(entry)),
    readLink({ path }) {
      throw denoError("EINVAL", "readlink", path);
    },
    stat: infoOf,
    lstat: infoOf,
    realPath: ({ path }) => path,
    open: (entry) => openFile(entry, deno.FsFile.prototype),
  };
  for (const [name, operation] of Object.entries(operations)) {
    const [sync, promised] = [deno[`${name}Sync`], deno[name]];
    const isWriting = (options: Any): boolean =>
      name === "open" && options !== undefined &&
      ["write", "append", "create", "createNew", "truncate"].some((key) => options[key]);
    deno[`${name}Sync`] = (path: unknown, options: unknown) => {
      const entry = isWriting(options) ? undefined : tree.find(path);
      if (entry !== undefined) return operation(entry, options);
      return tree.isServed(path) ? withAdvice(() => sync(path, options)) : sync(path, options);
    };
    deno[`${name}Sync`][ON_DISK] = sync;
    deno[name] = async (path: unknown, options: unknown) => {
      if (isWriting(options)) return await promised(path, options);
      const entry = await tree.load(path);
      return await (entry === undefined ? promised(path, options) : operation(entry, options));
    };
  }
  const { readDir, readDirSync, watchFs } = deno;
  deno.watchFs = (paths: string | string[], options: unknown) => {
    const ours = [paths].flat().find((path) => tree.isOurs(path));
    if (ours !== undefined) throw unwatchable(ours);
    return watchFs(paths, options);
  };
  deno.readDirSync = (path: unknown) => {
    const entry = tree.find(path);
    return entry === undefined ? readDirSync(path) : list(entry, tree, readDirSync).values();
  };
  deno.readDir = (path: unknown) => {
    if (tree.find(path) === undefined && !tree.isServed(path)) return readDir(path);
    return (async function* () {
      const entry = await tree.load(path);
      yield* entry === undefined ? readDir(path) : list(entry, tree, readDirSync);
    })();
  };
}

/** Makes `fetch` find the files of the controller by their `file:` URLs. */
export function extendFetch(tree: SentTree): void {
  const real = globalThis.fetch;
  globalThis.fetch = async (input: Any, init: Any) => {
    const href = typeof input === "string" ? input : input?.url ?? String(input);
    if (!/^file:/i.test(href)) return await real(input, init);
    const entry = await tree.load(new URL(href));
    const bytes = entry?.bytes ?? await (entry === undefined ? readHere(href) : undefined);
    if (bytes === undefined) {
      if (entry === undefined || entry.size === null) return await real(input, init);
      throw new TypeError(`Cannot fetch ${href}: no such file or directory${NOT_SENT}`);
    }
    const headers: Record<string, string> = /\.wasm$/.test(href)
      ? { "content-type": "application/wasm" }
      : {};
    const response = new Response(bytes.slice(), { headers });
    return Object.defineProperty(response, "url", { value: new URL(href).href });
  };
}

/** Reads a file of this disk for Node, whose own `fetch` does not. Gives nothing on Deno. */
async function readHere(href: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if ("Deno" in globalThis) return undefined;
  try {
    return new Uint8Array(await fs.promises.readFile(new URL(href)));
  } catch (cause) {
    const { message } = cause as Error;
    throw new TypeError(`Cannot fetch ${href}: ${message}`, { cause });
  }
}

function bytesOf({ path, size, bytes }: Entry): Uint8Array {
  if (size === null) throw denoError("EISDIR", "readfile", path);
  if (bytes === undefined) throw denoError("ENOENT", "readfile", path, NOT_SENT);
  return bytes;
}

function infoOf({ size, time }: Entry): object {
  const date = new Date(time);
  return {
    ...{ isFile: size !== null, isDirectory: size === null, isSymlink: false },
    ...{ size: size ?? 4096, mtime: date, atime: date, birthtime: date, ctime: date },
    ...{ dev: 0, ino: 0, mode: size === null ? 0o40755 : 0o100644, nlink: 1, uid: 0, gid: 0 },
    ...{ rdev: 0, blksize: 4096, blocks: Math.ceil((size ?? 4096) / 512) },
    ...{ isBlockDevice: false, isCharDevice: false, isFifo: false, isSocket: false },
  };
}

function list(
  { path, size, names, isUntold }: Entry,
  tree: SentTree,
  readDirSync: (path: string) => Iterable<{ readonly name: string }>,
): object[] {
  if (size !== null) throw denoError("ENOTDIR", "readdir", path);
  if (isUntold) throw denoError("ENOENT", "readdir", path, NOT_SENT);
  const all = new Map<string, object>();
  try {
    for (const one of readDirSync(path)) all.set(one.name, one);
  } catch {
    // There is no such folder here, or the agent may not read it.
  }
  for (const name of names) {
    const isDirectory = tree.isFolder(`${path}/${name}`);
    all.set(name, { name, isFile: !isDirectory, isDirectory, isSymlink: false });
  }
  return [...all.values()];
}

/** A file as `Deno.open` gives it. */
function openFile(entry: Entry, prototype: object): object {
  const bytes = bytesOf(entry);
  let position = 0;
  const readSync = (target: Uint8Array): number | null => {
    const part = bytes.subarray(position, position + target.length);
    target.set(part);
    position += part.length;
    return part.length === 0 && target.length > 0 ? null : part.length;
  };
  const seekSync = (offset: number | bigint, whence: number): number =>
    position = Number(offset) + (whence === 0 ? 0 : whence === 1 ? position : bytes.length);
  const close = (): void => {};
  const readable = new ReadableStream({
    type: "bytes",
    pull(controller) {
      const part = bytes.slice(position, position + 65536);
      position += part.length;
      if (part.length > 0) controller.enqueue(part);
      else {
        controller.close();
        controller.byobRequest?.respond(0);
      }
    },
  });
  const own: Record<PropertyKey, unknown> = {
    readSync,
    read: async (target: Uint8Array) => await readSync(target),
    seekSync,
    seek: async (offset: number, whence: number) => await seekSync(offset, whence),
    statSync: () => infoOf(entry),
    stat: async () => await infoOf(entry),
    isTerminal: () => false,
    close,
    readable,
    [Symbol.dispose]: close,
  };
  const file = Object.create(prototype);
  for (const key of Reflect.ownKeys(own)) {
    Object.defineProperty(file, key, { value: own[key], configurable: true });
  }
  return file;
}
