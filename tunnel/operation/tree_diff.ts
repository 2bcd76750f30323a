import { BrokenTransfer, Interruption } from "../../agent/files/byte_transfer.ts";
import type { Found } from "../../agent/files/found.ts";
import { look } from "../../agent/trees/look.ts";
import { seal, unseal } from "../../agent/trees/sealed_message.ts";
import { folderMode, realPath } from "../../agent/trees/tree_place.ts";
import type { Channel } from "../../agent/wire/channel.ts";
import type { SyncResult } from "../file_options.ts";
import { isFound } from "./is_found.ts";
import type { Link } from "./link.ts";
import { MAX_SIZE, quoted, type TextDiff } from "./text_diff.ts";
import { transfer } from "./transfer.ts";

/** The most paths that are shown. */
const MAX_PATHS = 1_000;

/** The most bytes of files that are read for a diff, on both sides together. */
const MAX_READ = 64 * 1024 ** 2;

/** How much memory a message may take: one file, which counts as what has come, and as a value. */
const MAX_COST = 3 * MAX_SIZE;

/** In which direction a folder goes. */
export interface TreeWay {
  /** The name of the operation. */
  readonly name: string;
  /** Whether the source is here. */
  readonly isSentFromHere: boolean;
  /** Permission bits that the target never gets. */
  readonly maskedBits: number;
}

/** Where the folder at the far end can be looked at. */
interface Place {
  readonly link: Link;
  /** `core.closings` when the operation began. */
  readonly since: number;
}

/** The diff of all that would change in a folder, of which nothing has been changed yet. */
export async function treeDiff(
  diff: TextDiff,
  { localDir, remoteDir, created, updated, deleted }: SyncResult,
  way: TreeWay,
  { link, since }: Place,
): Promise<string> {
  const isNew = new Set(created);
  const changed = [...created, ...updated].sort();
  const shown = changed.slice(0, MAX_PATHS);
  // Nothing of the target has to be known where something is new.
  const known = shown.filter((path) => !isNew.has(path));
  // The folder itself is called "." in results.
  const pathsOf = (names: string[]): string[] => names.map((name) => name === "." ? "" : name);
  const there = pathsOf(way.isSentFromHere ? known : shown);
  const here = pathsOf(way.isSentFromHere ? shown : known);
  const local = look(realPath(localDir), here, diff.wish);
  const texts: string[] = [];
  let size = 0;
  let read = 0;
  const add = (text: string): boolean => (size += text.length) <= MAX_SIZE && texts.push(text) > 0;
  const compare = async (remote: () => Promise<Found | null>): Promise<void> => {
    const near = async (): Promise<Found | null> => (await local.next()).value ?? null;
    const [source, target] = way.isSentFromHere ? [near, remote] : [remote, near];
    for (const path of shown) {
      link.signal?.throwIfAborted();
      const before = isNew.has(path) ? null : await target();
      const after = masked(await source(), before, way.maskedBits);
      read += (before?.bytes?.length ?? 0) + (after?.bytes?.length ?? 0);
      if (read > MAX_READ) return;
      const text = diff.of({ name: path, before, after });
      const kind = before === null ? "is new" : "differs";
      if (!add(text ?? `Binary file ${quoted(path)} ${kind}\n`)) return;
    }
  };
  if (there.length === 0) await compare(() => Promise.resolve(null));
  else {
    await transfer(link, {
      name: `${way.name}()`,
      failureText: `Cannot look at ${remoteDir} on ${link.host}`,
      since,
      service: ["lookAt", remoteDir, diff.wish],
    }, async (channel) => {
      channel.send(seal(there));
      await compare(() => nextFound(channel));
    });
  }
  await local.return(null);
  const lost = [...deleted].sort().slice(0, MAX_PATHS).map((path) =>
    `${quoted(path)} is removed\n`
  );
  const isAll = lost.every(add) && size <= MAX_SIZE && read <= MAX_READ;
  const left = changed.length + deleted.length - shown.length - lost.length;
  if (!isAll || left > 0) texts.push("… (more paths differ than are shown)\n");
  return texts.join("");
}

async function nextFound(channel: Channel): Promise<Found | null> {
  const message = await channel.receive();
  if (message === undefined || message.flags !== 0) throw new Interruption(message);
  const found = unseal(message.bytes, MAX_COST);
  if (isFound(found)) return found;
  throw new BrokenTransfer("The far end did not say what is at a path");
}

/** What the target gets of what the source has. */
function masked(found: Found | null, before: Found | null, maskedBits: number): Found | null {
  if (found?.mode === undefined) return found;
  const mode = found.mode & ~maskedBits;
  if (!found.isFolder || before?.mode === undefined) return { ...found, mode };
  return { ...found, mode: folderMode(mode, before.mode, maskedBits) };
}
