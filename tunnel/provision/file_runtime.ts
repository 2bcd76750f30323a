import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, open, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { cacheFolder, makeCached } from "./cache_folder.ts";
import type { Runtime } from "./runtime.ts";

/** A higher level takes twice as long and saves 2 %. */
const LEVEL = 4;

/** So large are the blocks in which files are read. */
const BLOCK = 1024 ** 2;

/**
 * The Deno in a file of this machine. A compressed copy of it is made in the cache folder, named
 * after its SHA-256, so that it is compressed only once.
 *
 * @param onMove Called now and then while this goes on.
 */
export async function fileRuntime(path: string, onMove: () => void): Promise<Runtime> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: BLOCK })) {
    hash.update(chunk);
    size += chunk.length;
    onMove();
  }
  const sha256 = hash.digest("hex");
  // A script that may not write there sends more bytes.
  const packed = await packedCopy(path, sha256, onMove).catch((): undefined => undefined);
  return {
    size,
    sha256,
    packedSize: packed === undefined ? undefined : (await stat(packed)).size,
    read: async (isPacked, at, length) => await readPart(isPacked ? packed! : path, at, length),
  };
}

async function packedCopy(path: string, sha256: string, onMove: () => void): Promise<string> {
  const name = `deno-${sha256.slice(0, 32)}.gz`;
  const known = `${await cacheFolder()}/${name}`;
  if (await isFile(known)) return known;
  return await makeCached(name, async (part) => {
    const source = createReadStream(path, { highWaterMark: BLOCK });
    source.on("data", onMove);
    await pipeline(source, createGzip({ level: LEVEL }), createWriteStream(part, { mode: 0o600 }));
    await chmod(part, 0o600);
  });
}

/** Whether there is such a file. */
export async function isFile(path: string): Promise<boolean> {
  return await stat(path).then((found) => found.isFile(), () => false);
}

async function readPart(path: string, at: number, length: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(bytes, filled, length - filled, at + filled);
      if (bytesRead === 0) throw new Error(`${path} has become shorter while it was sent`);
      filled += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}
