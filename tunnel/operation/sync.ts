import { resolve } from "node:path";
import { BrokenTransfer, Interruption } from "../../agent/files/byte_transfer.ts";
import { isNatural } from "../../agent/protocol/is_natural.ts";
import type { Exclusion } from "../../agent/trees/exclusion.ts";
import { unseal } from "../../agent/trees/sealed_message.ts";
import type { TreeChanges } from "../../agent/trees/tree_changes.ts";
import { TreeSource } from "../../agent/trees/tree_source.ts";
import { TreeTarget } from "../../agent/trees/tree_target.ts";
import { exclusionsOf } from "../arguments/exclusions.ts";
import { type HostPath, hostPath } from "../arguments/host_template.ts";
import { localPath, pathOf } from "../arguments/local_path.ts";
import { copySyncOptions } from "../arguments/transfer_options.ts";
import type { SyncOptions, SyncResult } from "../file_options.ts";
import { alsoEndedBy, type Link } from "./link.ts";
import { whileFewAreOpen } from "./open_files.ts";
import type { Operation } from "./operation.ts";
import { sourceAdvice } from "./source_advice.ts";
import { TextDiff } from "./text_diff.ts";
import { tracedFiles } from "./traced.ts";
import { transfer } from "./transfer.ts";
import { treeDiff, type TreeWay } from "./tree_diff.ts";
import { umask } from "./umask.ts";

/**
 * The permission bits that nothing gets from the far end: a file must not run here with the rights
 * of another user or group, and no other user here may put something into a folder.
 */
const UNWANTED_BITS = 0o7002;

/**
 * Prepares a `BaseTunnel.sync()`.
 *
 * @throws {TypeError} If a path or an option is of the wrong type.
 */
export function prepareSync(
  localDir: string | URL,
  remoteDir: string | URL,
  options: SyncOptions = {},
): Operation<SyncResult> {
  const source = resolve(localPath("localDir", localDir));
  const target = pathOf("remoteDir", remoteDir);
  return prepareTrees(
    options,
    (transferring) => sendTree(transferring, source, target),
    { name: "sync", isSentFromHere: true, maskedBits: 0 },
  );
}

/**
 * Prepares a `BaseTunnel.fetchDir()`.
 *
 * @param pathFor The folder here for each host, if `localDir` is not the template for it.
 * @throws {TypeError} If a path or an option is of the wrong type.
 */
export function prepareFetchDir(
  remoteDir: string | URL,
  localDir: string | URL,
  options: SyncOptions = {},
  pathFor: HostPath = hostPath("localDir", localDir),
): Operation<SyncResult> {
  const source = pathOf("remoteDir", remoteDir);
  const targetOf = (host: string): string => resolve(localPath("localDir", pathFor(host)));
  return prepareTrees(
    options,
    (transferring) => receiveTree(transferring, source, targetOf(transferring.link.host)),
    { name: "fetchDir", isSentFromHere: false, maskedBits: UNWANTED_BITS | umask() },
  );
}

/** Messages with small files, or with entries, take up to a quarter of this. */
const LEAST_COST = 4 * 1024 ** 2;

/** The transfer of a folder over one link. */
interface Transferring {
  readonly link: Link;
  readonly options: SyncOptions;
  /** The globs of `options.exclude`, compiled. */
  readonly exclusions: readonly Exclusion[];
  /** `core.closings` when the operation began. */
  readonly since: number;
}

function prepareTrees(
  options: SyncOptions,
  work: (transferring: Transferring) => Promise<SyncResult>,
  way: TreeWay,
): Operation<SyncResult> {
  const own = copySyncOptions(options);
  const { exclude, signal, dryRun = false, diff = dryRun } = own;
  const exclusions = exclusionsOf(exclude);
  const perform = async (transferring: Transferring): Promise<SyncResult> => {
    if (!diff) return await work(transferring);
    const differ = await TextDiff.load(own.diff === true);
    const only = dryRun ? own : { ...own, dryRun: true, onProgress: undefined };
    const foreseen = await work({ ...transferring, options: only });
    const text = await treeDiff(differ, foreseen, way, transferring);
    return { ...dryRun ? foreseen : await work(transferring), diff: text };
  };
  return {
    ready: undefined,
    signal,
    perform: (given) =>
      tracedFiles(way.name, given, async (inner) => {
        const link = alsoEndedBy(inner, signal);
        const since = link.core.closings;
        return await whileFewAreOpen(
          link,
          () => perform({ link, options: own, exclusions, since }),
        );
      }),
  };
}

async function sendTree(
  { link, options, exclusions, since }: Transferring,
  source: string,
  target: string,
): Promise<SyncResult> {
  const { checksum = false, dryRun = false } = options;
  return await transfer(link, {
    name: "sync()",
    failureText: `Cannot sync ${source} to ${link.host}`,
    advise: (error) => sourceAdvice("sync", source, error),
    since,
    service: ["receiveTree", target, {
      exclusions,
      delete: options.delete ?? false,
      maskedBits: 0,
      dryRun,
    }],
  }, async (channel, { decoding }) => {
    const progress = new SyncProgressTeller(link.host, options);
    const tree = new TreeSource(channel, source, {
      exclusions,
      checksum,
      maxCost: Math.max(decoding.maxCost, LEAST_COST),
      onNeeded: (files, bytes) => progress.need(files, bytes),
      onSent: (files, bytes) => progress.move(files, bytes),
    });
    const failure = await tree.sendReadable();
    channel.end();
    const answer = await tree.answer();
    const [remote, changes] = Array.isArray(answer) ? answer : [];
    if (typeof remote !== "string" || !isChanges(changes)) {
      throw new BrokenTransfer("The far end did not say what it changed");
    }
    if (failure !== undefined) throw failure;
    progress.end();
    const { created, updated, deleted, unchanged, skipped, bytes } = changes;
    const names = { localDir: source, remoteDir: remote };
    return { ...names, created, updated, deleted, unchanged, skipped, bytes };
  });
}

async function receiveTree(
  { link, options, exclusions, since }: Transferring,
  source: string,
  target: string,
): Promise<SyncResult> {
  const { checksum = false, dryRun = false } = options;
  return await transfer(link, {
    name: "fetchDir()",
    failureText: `Cannot fetch the folder ${source} from ${link.host}`,
    since,
    service: ["sendTree", source, { exclusions, checksum }],
  }, async (channel, { decoding }) => {
    const first = await channel.receive();
    if (first === undefined || first.flags !== 0) throw new Interruption(first);
    const remote = unseal(first.bytes, decoding.maxCost);
    if (typeof remote !== "string") {
      throw new BrokenTransfer("The far end did not give the path of the folder");
    }
    const progress = new SyncProgressTeller(link.host, options);
    const tree = new TreeTarget(channel, target, {
      exclusions,
      delete: options.delete ?? false,
      maskedBits: UNWANTED_BITS | umask(),
      dryRun,
      maxCost: Math.max(decoding.maxCost, LEAST_COST),
      onNeeded: (files, bytes) => progress.need(files, bytes),
      onWritten: (files, bytes) => progress.move(files, bytes),
    });
    const changes = await tree.receive();
    progress.end();
    return { localDir: target, remoteDir: remote, ...changes };
  });
}

/** Adds up how much of a folder has been transferred, and tells the caller. */
class SyncProgressTeller {
  readonly #host: string;
  readonly #onProgress: SyncOptions["onProgress"];
  #files = 0;
  #totalFiles = 0;
  #bytes = 0;
  #totalBytes = 0;

  constructor(host: string, { onProgress }: SyncOptions) {
    this.#host = host;
    this.#onProgress = onProgress;
  }

  need(files: number, bytes: number): void {
    this.#totalFiles += files;
    this.#totalBytes += bytes;
  }

  move(files: number, bytes: number): void {
    this.#files += files;
    this.#bytes += bytes;
    // Files can grow after they were listed.
    this.#totalBytes = Math.max(this.#totalBytes, this.#bytes);
    this.#tell();
  }

  end(): void {
    // Other files may have shrunk or gone.
    this.#totalFiles = this.#files;
    this.#totalBytes = this.#bytes;
    this.#tell();
  }

  #tell(): void {
    this.#onProgress?.({
      host: this.#host,
      files: this.#files,
      totalFiles: this.#totalFiles,
      bytes: this.#bytes,
      totalBytes: this.#totalBytes,
    });
  }
}

function isChanges(value: unknown): value is TreeChanges {
  const { created, updated, deleted, skipped, unchanged, bytes } = (value ?? {}) as Record<
    string,
    unknown
  >;
  return [created, updated, deleted, skipped].every(arePaths) && isNatural(unchanged) &&
    isNatural(bytes);
}

function arePaths(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  // every() would go past holes, which may be billions.
  for (const path of value) if (typeof path !== "string") return false;
  return true;
}
