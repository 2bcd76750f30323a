import { Buffer } from "node:buffer";
import fs from "node:fs";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";
import { copyEntry } from "./copy_entry.ts";
import { fileHandle } from "./file_handle.ts";
import { openFolder } from "./open_folder.ts";
import { globIn, noFileSystem } from "./glob.ts";
import { nodeError, NOT_SENT, unwatchable, withAdvice } from "./path_error.ts";
import type { Entry, SentTree } from "./sent_tree.ts";

// deno-lint-ignore no-explicit-any -- the functions of `node:fs` have many forms each
type Any = any;
// deno-lint-ignore ban-types -- as above
type Functions = Record<string, Function & Any>;
type Operation = (entry: Entry, ...rest: Any[]) => Any;
type Callback = (error: unknown, ...values: unknown[]) => void;

/** The descriptors of files of the controller: beyond those that a system gives. */
let lastDescriptor = 2 ** 30;

/** The bits of open's flags by which a file is written, made or cut. */
const WRITES = fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT |
  fs.constants.O_TRUNC;

/** Makes a copy of `node:fs` whose functions see only the disk here. */
export function realFs(tree: SentTree): typeof fs {
  const copy = clone(fs) as unknown as Functions;
  const promises = clone(fs.promises) as unknown as Functions;
  Object.defineProperty(copy, "promises", { value: promises, enumerable: true });
  for (const target of [copy, promises]) {
    for (const name of ["stat", "lstat", "realpath", "statSync", "lstatSync", "realpathSync"]) {
      const real = target[name];
      if (real === undefined) continue;
      set(target, name, real, (...args: Any[]) => tree.hide(() => real(...args)));
    }
  }
  return copy as unknown as typeof fs;
}

/**
 * Makes a copy of `node:fs` whose functions find the files of the controller as well.
 *
 * @param fs What they call for all else.
 */
export function nodeFs(tree: SentTree, fs: Any): Any {
  const copy = clone(fs) as unknown as Functions;
  const promises = clone(fs.promises) as unknown as Functions;
  Object.defineProperty(copy, "promises", { value: promises, enumerable: true });
  const opened = new Map<number, { readonly entry: Entry; position: number }>();

  const operations: Record<string, Operation> = {
    readFile: (entry, options) => contents(entry, options),
    stat: (entry, options) => stats(entry, options),
    lstat: (entry, options) => stats(entry, options),
    access: () => undefined,
    realpath: ({ path }) => path,
    readdir: (entry, options) => list(tree, entry, options),
    copyFile: (entry, target, mode) =>
      fs.writeFileSync(target, contents(entry), {
        flag: mode & fs.constants.COPYFILE_EXCL ? "wx" : "w",
      }),
    cp: (entry, target, options) => copyEntry(entry, target, options, tree, fs),
    opendir: (entry, options) =>
      openFolder(entry.path, list(tree, entry, { ...options, withFileTypes: true })),
    readlink({ path }) {
      throw nodeError("EINVAL", "readlink", path);
    },
    open(entry) {
      if (entry.size !== null) bytesOf(entry, "open");
      opened.set(++lastDescriptor, { entry, position: 0 });
      return lastDescriptor;
    },
  };
  const isOurs = (path: unknown): boolean => tree.isOurs(path);

  for (const [name, operation] of Object.entries(operations)) {
    const real = fs as unknown as Functions;
    const [sync, plain] = [real[`${name}Sync`]!, real[name]!];
    const promised = (fs.promises as unknown as Functions)[name]!;
    set(copy, `${name}Sync`, sync, (path: unknown, ...rest: Any[]) => {
      const entry = isWriting(name, rest) ? undefined : tree.find(path);
      if (entry !== undefined) return operation(entry, ...rest);
      return tree.isServed(path) ? withAdvice(() => sync(path, ...rest)) : sync(path, ...rest);
    });
    const run = async (fallback: Any, path: unknown, rest: Any[], work = operation) => {
      const entry = await tree.load(path);
      return await (entry === undefined ? fallback(path, ...rest) : work(entry, ...rest));
    };
    set(copy, name, plain, (path: unknown, ...rest: Any[]) => {
      const callback = rest.at(-1);
      const options = rest.slice(0, -1);
      if (typeof callback !== "function" || isWriting(name, options) || !isOurs(path)) {
        return plain(path, ...rest);
      }
      settle(run(promisify(plain), path, options), callback);
    });
    set(promises, name, promised, async (path: unknown, ...rest: Any[]) => {
      if (isWriting(name, rest) || !isOurs(path)) return await promised(path, ...rest);
      const isOpen = name === "open";
      return await run(
        promised,
        path,
        rest,
        isOpen ? (entry) => fileHandle(entry, operation(entry), copy) : operation,
      );
    });
  }
  for (const name of ["realpathSync", "realpath"]) copy[name].native = copy[name];

  set(
    copy,
    "existsSync",
    fs.existsSync,
    (path: Any) => tree.find(path) !== undefined || fs.existsSync(path),
  );
  const exists = async (path: Any): Promise<boolean> =>
    await tree.load(path) !== undefined || fs.existsSync(path);
  set(copy, "exists", fs.exists, (path: unknown, callback: (is: boolean) => void) => {
    exists(path).then((is) => queueMicrotask(() => callback(is)));
  });
  Object.defineProperty(copy.exists, promisify.custom, { value: exists });

  const streamOptions = (path: unknown, options: Any): Any => {
    const all = typeof options === "string" ? { encoding: options } : options;
    const { open, read, close } = copy;
    return isOurs(path) ? { fs: { open, read, close }, ...all } : all;
  };
  set(
    copy,
    "createReadStream",
    fs.createReadStream,
    (path: Any, options: Any) => fs.createReadStream(path, streamOptions(path, options)),
  );
  for (const name of ["ReadStream", "FileReadStream"]) {
    if (fs[name] === undefined) continue;
    const made = new Proxy(fs[name], {
      apply: (real, _, [path, options]) => real(path, streamOptions(path, options)),
      construct: (real, [path, options], target) =>
        Reflect.construct(real, [path, streamOptions(path, options)], target),
    });
    define(copy, name, made);
  }

  for (
    const [target, name] of [[copy, "watch"], [copy, "watchFile"], [promises, "watch"]] as const
  ) {
    const real = target[name];
    if (real === undefined) continue;
    set(target, name, real, (path: unknown, ...rest: Any[]) => {
      if (isOurs(path)) throw unwatchable(path);
      return real(path, ...rest);
    });
  }
  if (fs.openAsBlob !== undefined) {
    set(copy, "openAsBlob", fs.openAsBlob, async (path: unknown, options: Any) => {
      const entry = await tree.load(path);
      if (entry === undefined) return await fs.openAsBlob(path, options);
      return new Blob([contents(entry)], options);
    });
  }

  if (fs.globSync !== undefined) {
    const { glob, globSync } = globIn(tree, fs, ({ path, size }) => direntOf(path, size === null));
    set(copy, "globSync", fs.globSync, globSync);
    set(copy, "glob", fs.glob, glob);
    set(promises, "glob", fs.promises.glob, async function* (...args: [Any, Any]) {
      yield* globSync(...args);
    });
  }
  for (
    const [target, name] of [[copy, "statfsSync"], [copy, "statfs"], [promises, "statfs"]] as const
  ) {
    const real = target[name];
    set(target, name, real, (path: unknown, ...rest: Any[]) => {
      if (tree.find(path) === undefined) return real(path, ...rest);
      const error = noFileSystem(path);
      if (name === "statfsSync") throw error;
      if (target === promises) return Promise.reject(error);
      settle(Promise.reject(error), rest.at(-1));
    });
  }

  const onDescriptor: Record<string, Any> = {
    close: (fd: number) => void opened.delete(fd),
    fstat: (fd: number, options: unknown) => stats(opened.get(fd)!.entry, options),
    readFile(fd: number, options: unknown) {
      const file = opened.get(fd)!;
      const rest = bytesOf(file.entry, "read").subarray(file.position);
      file.position += rest.length;
      return contents({ ...file.entry, bytes: rest }, options);
    },
    read(fd: number, buffer: Any, offset?: Any, length?: Any, position?: Any) {
      if (!ArrayBuffer.isView(buffer)) [buffer, offset] = [buffer?.buffer, buffer];
      if (typeof offset === "object") ({ offset, length, position } = offset ?? {});
      buffer ??= Buffer.alloc(16384);
      const file = opened.get(fd)!;
      const from = typeof position === "number" && position >= 0 || typeof position === "bigint"
        ? Number(position)
        : file.position;
      const start = offset ?? 0;
      const part = bytesOf(file.entry, "read")
        .subarray(from, from + (length ?? buffer.byteLength - start));
      new Uint8Array(buffer.buffer, buffer.byteOffset + start).set(part);
      if (from === file.position && typeof position !== "number") file.position += part.length;
      return [part.length, buffer];
    },
    readv(fd: number, buffers: readonly Any[], position?: number | null) {
      let total = 0;
      for (const buffer of buffers) {
        const at = typeof position === "number" ? position + total : null;
        const [bytesRead] = onDescriptor.read(fd, buffer, 0, buffer.byteLength, at);
        total += bytesRead;
        if (bytesRead < buffer.byteLength) break;
      }
      return [total, buffers];
    },
  };
  for (const [name, work] of Object.entries(onDescriptor)) {
    const [sync, plain] = [copy[`${name}Sync`]!, copy[name]!];
    set(copy, `${name}Sync`, sync, (fd: Any, ...rest: Any[]) => {
      if (!opened.has(fd)) return sync(fd, ...rest);
      return name === "read" || name === "readv" ? work(fd, ...rest)[0] : work(fd, ...rest);
    });
    set(copy, name, plain, (fd: Any, ...rest: Any[]) => {
      if (!opened.has(fd)) return plain(fd, ...rest);
      const callback = rest.pop() ?? (() => {});
      settle(new Promise((done) => done(work(fd, ...rest))), callback, /^readv?$/.test(name));
    });
  }
  return copy;
}

/** Whether a call is about writing, which goes to the disk here. */
function isWriting(name: string, [option = 0]: Any[]): boolean {
  if (name === "access") return (option & fs.constants.W_OK) !== 0;
  if (name !== "open") return false;
  return typeof option === "string" ? !/^r?s?$/.test(option) : (option & WRITES) !== 0;
}

/** Makes a function a property, in place of another: with the name and all of that. */
function set(target: Functions, name: string, old: Any, value: Any): void {
  const { prototype: _, ...descriptors } = Object.getOwnPropertyDescriptors(old) as Any;
  for (const key of Reflect.ownKeys(descriptors)) {
    if (descriptors[key].configurable) Object.defineProperty(value, key, descriptors[key]);
  }
  Object.defineProperty(target, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** Hands over an outcome. What the callback throws is not a failure of the operation. */
function settle(outcome: Promise<unknown>, callback: Callback, isSpread = false): void {
  outcome.then(
    (value) =>
      setImmediate(() =>
        value === undefined
          ? callback(null)
          : callback(null, ...isSpread ? value as unknown[] : [value])
      ),
    (error) => setImmediate(() => callback(error)),
  );
}

function bytesOf({ path, size, bytes }: Entry, syscall: string): Uint8Array {
  if (size === null) throw nodeError("EISDIR", "read", path);
  if (bytes === undefined) throw nodeError("ENOENT", syscall, path, NOT_SENT);
  return bytes;
}

function contents(entry: Entry, options?: Any): Any {
  const encoding = typeof options === "string" ? options : options?.encoding;
  const buffer = Buffer.from(bytesOf(entry, "open"));
  return encoding && encoding !== "buffer" ? buffer.toString(encoding) : buffer;
}

function stats({ size, time }: Entry, options: Any): Any {
  const isBig = options?.bigint === true;
  const numbers = {
    ...{ dev: 0, mode: size === null ? 0o40755 : 0o100644, nlink: 1, uid: 0, gid: 0, rdev: 0 },
    ...{ blksize: 4096, ino: 0, size: size ?? 4096, blocks: Math.ceil((size ?? 4096) / 512) },
    ...{ atimeMs: time, mtimeMs: time, ctimeMs: time, birthtimeMs: time },
  };
  const found = Object.create(fs.Stats.prototype);
  for (const [key, value] of Object.entries(numbers)) {
    found[key] = isBig ? BigInt(Math.trunc(value)) : value;
    if (key.endsWith("Ms")) {
      define(found, key.slice(0, -2), new Date(time));
      if (isBig) found[key.replace("Ms", "Ns")] = BigInt(Math.trunc(time)) * 1_000_000n;
    }
  }
  return kinds(found, size === null);
}

/** Gives an object `isFile()` and the like, which the prototype's may compute otherwise. */
function kinds(found: object, isFolder: boolean): Any {
  for (const name of ["BlockDevice", "CharacterDevice", "SymbolicLink", "FIFO", "Socket"]) {
    define(found, `is${name}`, () => false, false);
  }
  define(found, "isFile", () => !isFolder, false);
  define(found, "isDirectory", () => isFolder, false);
  return found;
}

function define(target: object, key: string, value: unknown, enumerable = true): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
}

function direntOf(path: string, isFolder: boolean): Any {
  const entry = Object.create(fs.Dirent.prototype);
  define(entry, "name", basename(path));
  define(entry, "parentPath", dirname(path));
  return kinds(entry, isFolder);
}

/** Lists a folder: what the controller has in it, and what is on the disk here. */
function list(tree: SentTree, { path, size, names, isUntold }: Entry, options: Any): Any {
  if (size !== null) throw nodeError("ENOTDIR", "scandir", path);
  if (isUntold) throw nodeError("ENOENT", "scandir", path, NOT_SENT);
  let here: fs.Dirent[] = [];
  try {
    here = fs.readdirSync(path, { withFileTypes: true });
  } catch {
    // There is no such folder here, or the agent may not read it.
  }
  const all = new Map<string, Any>(here.map((one) => [one.name, one]));
  for (const name of names) {
    all.set(name, direntOf(`${path}/${name}`, tree.isFolder(`${path}/${name}`)));
  }
  const { withFileTypes = false, recursive = false } = typeof options === "object" && options || {};
  return [...all.keys()].sort().flatMap((name) => {
    const found = all.get(name);
    const inner = recursive && found.isDirectory() ? tree.find(`${path}/${name}`) : undefined;
    const below = inner === undefined ? [] : list(tree, inner, options);
    return [
      withFileTypes ? found : name,
      ...withFileTypes ? below : below.map((one: string) => `${name}/${one}`),
    ];
  });
}

function clone<T extends object>(object: T): T {
  return Object.create(
    Object.getPrototypeOf(object),
    Object.getOwnPropertyDescriptors(object),
  ) as T;
}
