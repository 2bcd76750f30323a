/**
 * What an agent does with files. It is no part of the agent's bundle, but sent when it is first needed; see
 * `Request.SERVICE`. Each function serves a channel until the transfer is over.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import os from "node:os";
import { resolve } from "node:path";
import { encode } from "../codec/encode.ts";
import { receiveBytes, sendBytes } from "./files/byte_transfer.ts";
import type { Channel } from "./wire/channel.ts";
import { encodeFailure } from "./protocol/failure.ts";
import { fileError } from "./files/file_error.ts";
import { FileReader } from "./files/file_reader.ts";
import { Flag } from "./wire/frame.ts";
import { TreeSource, type TreeSourceOptions } from "./trees/tree_source.ts";
import { TreeTarget, type TreeTargetOptions } from "./trees/tree_target.ts";
import { NewFile } from "./files/new_file.ts";

/** Writes what comes to a file. The answer is `[path, size, sha1sum]`. */
export function put(channel: Channel, path: string | null, mode: number): Promise<void> {
  return serve(channel, async () => {
    const target = path === null ? temporaryFile() : absolute(notFolder(path));
    const file = await NewFile.create(target, 0o600);
    channel.onFailure(() => file.discard());
    try {
      const { size, sha1sum } = await receiveBytes(
        channel,
        (bytes) => file.write(bytes),
        () => {},
      );
      await file.commit(mode);
      channel.send(encode([target, size, sha1sum]), Flag.END);
    } finally {
      file.discard();
    }
  });
}

/** Sends a file: first `[path, size, mode]`, then the bytes. */
export function fetch(channel: Channel, path: string): Promise<void> {
  return serve(channel, async () => {
    const source = absolute(notFolder(path));
    const file = new FileReader(source);
    try {
      channel.send(encode([source, file.size, file.mode]));
      await sendBytes(channel, file.blocks(), channel.receive(), () => {});
    } finally {
      file.close();
    }
  });
}

/** Makes a folder as the controller's. The answer, after what is wanted, is `[path, changes]`. */
export function receiveTree(
  channel: Channel,
  path: string,
  options: TreeTargetOptions,
): Promise<void> {
  return serve(channel, async () => {
    const root = absolute(path);
    const changes = await new TreeTarget(channel, root, options).receive();
    channel.send(encode([root, changes]), Flag.END);
  });
}

/** Sends a folder: first its path, then what the controller wants, and what was skipped at the end. */
export function sendTree(
  channel: Channel,
  path: string,
  options: TreeSourceOptions,
): Promise<void> {
  return serve(channel, async () => {
    const root = absolute(path);
    channel.send(encode(root));
    await new TreeSource(channel, root, options).send();
  });
}

/** Answers when no transfer is under way that has been given up: what it left has been cleared up. */
export async function settled(channel: Channel): Promise<void> {
  await Promise.all(clearing);
  channel.end();
}

/** A path for a file that nobody has named. */
export function temporaryFile(): string {
  return resolve(os.tmpdir(), `chopsticks-${randomBytes(8).toString("hex")}`);
}

/**
 * Passes on a path that a file can have.
 *
 * @throws {Error} If it ends as only the path of a folder does.
 */
export function notFolder(path: string): string {
  if (!path.endsWith("/")) return path;
  throw fileError(path, "EISDIR", "it is the path of a folder (EISDIR)");
}

/** What a path means here: `~/` is the home folder. */
function absolute(path: string): string {
  return resolve(path.replace(/^~(?=\/|$)/, () => os.homedir()));
}

/** The transfers that were given up, until they have cleared up. */
const clearing = new Set<Promise<void>>();

async function serve(channel: Channel, work: () => Promise<void>): Promise<void> {
  const working = work();
  channel.onFailure(() => {
    const cleared = working.catch(() => {}).then(() => void clearing.delete(cleared));
    clearing.add(cleared);
  });
  try {
    await working;
  } catch (error) {
    channel.send(encodeFailure(error), Flag.FAILURE | Flag.END);
    // What is on its way still comes, and would wait for room.
    while (await channel.receive().catch(() => undefined) !== undefined);
  }
}
