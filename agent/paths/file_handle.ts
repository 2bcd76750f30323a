import { Buffer } from "node:buffer";
import type { Entry } from "./sent_tree.ts";

// deno-lint-ignore no-explicit-any -- the functions of `node:fs` have many forms each
type Any = any;
// deno-lint-ignore ban-types -- as above
type Functions = Record<string, Function & Any>;

/**
 * A file of the controller as `open` of `node:fs/promises` gives it.
 *
 * @param fd Its descriptor, for the functions of `fs`, which find the files of the controller.
 */
export function fileHandle(entry: Entry, fd: number, fs: Functions): object {
  const close = async (): Promise<void> => await fs.closeSync!(fd);
  const createReadStream = (options: object): Any =>
    fs.createReadStream!(entry.path, options).once("close", close);
  return {
    ...{ fd, close, createReadStream },
    async read(...rest: Any[]) {
      const [first] = rest;
      const buffer = ArrayBuffer.isView(first) ? first : first?.buffer ?? Buffer.alloc(16384);
      const more = ArrayBuffer.isView(first) ? rest.slice(1) : [first];
      return await { bytesRead: fs.readSync!(fd, buffer, ...more), buffer };
    },
    readv: async (buffers: Any, position: Any) =>
      await { bytesRead: fs.readvSync!(fd, buffers, position), buffers },
    readFile: async (options: unknown) => await fs.readFileSync!(fd, options),
    stat: async (options: unknown) => await fs.fstatSync!(fd, options),
    async *readLines(options: object): AsyncGenerator<string> {
      const { createInterface } = await import("node:readline");
      yield* createInterface({ input: createReadStream(options), crlfDelay: Infinity });
    },
    readableWebStream: () => new Blob([fs.readFileSync!(fd)]).stream() as unknown,
    [Symbol.asyncDispose]: close,
  };
}
