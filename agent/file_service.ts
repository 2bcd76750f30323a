/**
 * The functions of an agent that work on files. They are not in the agent's bundle, but are sent
 * when they are first needed; see `Request.SERVICE`. Each serves a channel until the transfer is
 * over.
 *
 * @module
 */

import os from "node:os";
import { resolve } from "node:path";
import { decode } from "../codec/decode.ts";
import { encode } from "../codec/encode.ts";
import { receiveBytes, sendBytes } from "./files/byte_transfer.ts";
import { whenDescriptorsAreFree } from "./files/descriptors.ts";
import { notFolder, withPath } from "./files/file_error.ts";
import { FileReader } from "./files/file_reader.ts";
import { foresee } from "./files/foresee.ts";
import { find, type Wish } from "./files/found.ts";
import { Replacement } from "./files/replacement.ts";
import { temporaryFile } from "./files/temporary_name.ts";
import { encodeFailure } from "./protocol/failure.ts";
import { look } from "./trees/look.ts";
import { seal, unseal } from "./trees/sealed_message.ts";
import { realPath } from "./trees/tree_place.ts";
import { TreeSource, type TreeSourceOptions } from "./trees/tree_source.ts";
import { TreeTarget, type TreeTargetOptions } from "./trees/tree_target.ts";
import type { Channel } from "./wire/channel.ts";
import { Flag } from "./wire/frame.ts";

/** An agent trusts its controller, whose messages may be of any size. */
const TRUSTED: { readonly maxCost: number } = { maxCost: Infinity };

/**
 * Writes the bytes that come to a file, unless they are there already, and answers
 * `[path, size, sha1sum, change, found]`.
 *
 * @param wish What to tell of the old file, if it is to be told.
 * @param size How many bytes will come, if that is known.
 * @param isSparse Whether there are holes in the source.
 * @param isStream Whether the bytes may be those of another transfer.
 */
export function put(
  channel: Channel,
  path: string | null,
  mode: number,
  wish: Wish | null,
  size: number | undefined,
  isSparse: boolean,
  isStream: boolean,
): Promise<void> {
  return serve(channel, isStream, async () => {
    const target = path === null ? temporaryFile() : absolute(notFolder(path));
    const found = wish === null ? null : await find(target, wish, true);
    const file = await Replacement.begin(target, { size, isSparse });
    channel.onFailure(() => file.discard());
    try {
      const { size, sha1sum } = await receiveBytes(
        channel,
        (bytes) => file.write(bytes),
        () => {},
      );
      const change = await file.commit(mode);
      channel.send(encode([target, size, sha1sum, change, found]), Flag.END);
    } finally {
      file.discard();
    }
  });
}

/**
 * Answers as {@linkcode put} would, to the size and the SHA-1 of the bytes alone, and changes
 * nothing.
 */
export function foreseePut(
  channel: Channel,
  path: string,
  mode: number,
  wish: Wish | null,
): Promise<void> {
  return serve(channel, false, async () => {
    const target = absolute(notFolder(path));
    const message = await channel.receive();
    if (message === undefined) return;
    const [size, sha1sum] = decode(message.bytes) as [number, string];
    const change = await withPath(target, () => foresee(target, { size, sha1sum }, mode));
    const found = wish === null ? null : await find(target, wish, true);
    channel.send(encode([target, size, sha1sum, change, found]), Flag.END);
  });
}

/**
 * Sends a file: first `[path, size, mode, isSparse]`, then the bytes.
 *
 * @param isStream Whether the bytes may be those of another transfer.
 */
export function fetch(channel: Channel, path: string, isStream: boolean): Promise<void> {
  return serve(channel, isStream, async () => {
    const source = absolute(notFolder(path));
    const file = new FileReader(source);
    try {
      channel.send(encode([source, file.size, file.mode, file.isSparse]));
      await sendBytes(channel, file.blocks(), channel.receive(), () => {});
    } finally {
      file.close();
    }
  });
}

/**
 * Makes a folder the same as the controller's. It first says which files it wants, and at the end
 * answers `[path, changes]`.
 */
export function receiveTree(
  channel: Channel,
  path: string,
  options: Omit<TreeTargetOptions, "maxCost">,
): Promise<void> {
  return serve(channel, false, async () => {
    const root = absolute(path);
    const target = new TreeTarget(channel, root, { ...options, ...TRUSTED });
    const changes = await target.receive();
    channel.send(seal([root, changes]), Flag.END);
  });
}

/** Sends a folder: first its path, then what is in it, then the files that the controller wants. */
export function sendTree(
  channel: Channel,
  path: string,
  options: Omit<TreeSourceOptions, "maxCost">,
): Promise<void> {
  return serve(channel, false, async () => {
    const root = absolute(path);
    channel.send(seal(root));
    await new TreeSource(channel, root, { ...options, ...TRUSTED }).send();
  });
}

/** Tells what is at the paths that come, which are in a folder: a message each, for a diff. */
export function lookAt(channel: Channel, root: string, wish: Wish): Promise<void> {
  return serve(channel, false, async () => {
    const message = await channel.receive();
    if (message === undefined) return;
    const paths = unseal(message.bytes, TRUSTED.maxCost) as string[];
    for await (const found of look(realPath(absolute(root)), paths, wish)) {
      channel.send(seal(found));
      await channel.drained();
    }
    channel.end();
  });
}

/** Ends the channel when all transfers that were given up have cleared up what they left. */
export async function settled(channel: Channel): Promise<void> {
  await Promise.all(clearing);
  channel.end();
}

/** The absolute form of a path. `~/` is the home folder. */
function absolute(path: string): string {
  return resolve(path.replace(/^~(?=\/|$)/, () => os.homedir()));
}

/** The transfers that were given up, until they have cleared up. */
const clearing = new Set<Promise<void>>();

/**
 * Does the agent's half of a transfer, and tells its failure.
 *
 * @param isStream Whether it may have to wait for another transfer, so that it must begin at once.
 */
async function serve(
  channel: Channel,
  isStream: boolean,
  work: () => Promise<void>,
): Promise<void> {
  let begun = false;
  const begin = async (): Promise<void> => {
    // It may have been given up while it waited.
    if (channel.failed) return;
    begun = true;
    await work();
  };
  const working = isStream ? begin() : whenDescriptorsAreFree(begin);
  channel.onFailure(() => {
    if (!begun) return;
    const cleared = working.catch(() => {}).then((): void => void clearing.delete(cleared));
    clearing.add(cleared);
  });
  try {
    await working;
  } catch (error) {
    channel.send(encodeFailure(error), Flag.FAILURE | Flag.END);
    // Messages still on their way are dropped: left alone, they would fill the channel.
    while (await channel.receive().catch((): undefined => undefined) !== undefined);
  }
}
