import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createGunzip } from "node:zlib";
import { makeCached } from "./cache_folder.ts";
import { LOADER_OF } from "./far_end.ts";
import { fileRuntime } from "./file_runtime.ts";
import { download, packagedDeno } from "./registry.ts";
import type { Runtime, WantedRuntime } from "./runtime.ts";

/** A program names its loader within so many bytes. */
const START = 4096;

interface Known {
  readonly runtime: Promise<Runtime>;
  /** Those who want to know that it goes on. */
  readonly moved: Set<() => void>;
}

const known = new Map<string, Known>();

/**
 * A Deno from this machine: this script's own if that fits, or else that of an npm package. Those
 * who want the same at the same time share the work.
 *
 * @param onMove Called now and then while this goes on.
 */
export async function ownRuntime(wanted: WantedRuntime, onMove: () => void): Promise<Runtime> {
  const { platform, version, from } = wanted;
  const key = from ?? `${platform} ${version}`;
  let entry = known.get(key);
  if (entry === undefined) {
    const moved = new Set<() => void>();
    const runtime = findFile(wanted, () => moved.forEach((each) => each()))
      .then((path) => fileRuntime(path, () => moved.forEach((each) => each())));
    entry = { runtime, moved };
    known.set(key, entry);
    // A file of the user's own may change; and a failure may not last.
    const forget = (): void => void known.delete(key);
    runtime.then(() => from === undefined || forget(), forget);
  }
  entry.moved.add(onMove);
  try {
    return await entry.runtime;
  } finally {
    entry.moved.delete(onMove);
  }
}

async function findFile(wanted: WantedRuntime, onMove: () => void): Promise<string> {
  const { from } = wanted;
  if (from !== undefined) {
    return await givenFile(from, onMove).catch((cause) => {
      throw new Error(`cannot read provision.from, ${from}: ${cause.message}`, { cause });
    });
  }
  return await isOwnFit(wanted) ? process.execPath : await packagedDeno(wanted, onMove);
}

/** Whether the program that runs this script is the one that is wanted. */
async function isOwnFit({ platform, version }: WantedRuntime): Promise<boolean> {
  if (typeof Deno === "undefined" || Deno.build.standalone) return false;
  const { os, arch } = Deno.build;
  const own = `${os}-${arch === "aarch64" ? "arm64" : "x64"}`;
  if (own !== platform || Deno.version.deno !== version) return false;
  const loader = LOADER_OF[platform];
  // A Deno that a distribution has built may want libraries of its own.
  return loader === undefined || (await startOf(process.execPath)).includes(`${loader}\0`);
}

/** The file that the user has chosen, without compression. */
async function givenFile(from: string, onMove: () => void): Promise<string> {
  const name = `from-${createHash("sha256").update(from).digest("hex").slice(0, 32)}`;
  const isRemote = /^https?:\/\//.test(from);
  const path = isRemote
    ? await makeCached(name, (part) => download(from, part, { onMove }))
    : from.startsWith("file:")
    ? fileURLToPath(from)
    : from;
  if (!(await startOf(path)).startsWith("\x1f\x8b")) return path;
  const unpacked = await makeCached(`${name}.unpacked`, async (part) => {
    const source = createReadStream(path);
    source.on("data", onMove);
    await pipeline(source, createGunzip(), createWriteStream(part, { mode: 0o600 }));
  });
  if (isRemote) await rm(path, { force: true });
  return unpacked;
}

async function startOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(START), 0, START, 0);
    return String.fromCharCode(...buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}
