import { resolve } from "node:path";
import { BrokenTransfer, Interruption } from "../../agent/files/byte_transfer.ts";
import type { TreeChanges } from "../../agent/trees/tree_changes.ts";
import { TreeTarget } from "../../agent/trees/tree_target.ts";
import { TreeSource } from "../../agent/trees/tree_source.ts";
import { isNatural } from "../../agent/protocol/is_natural.ts";
import { decode } from "../../codec/decode.ts";
import { exclusionsOf } from "../arguments/exclusions.ts";
import { localPath, pathOf } from "../arguments/local_path.ts";
import { sourceAdvice } from "./source_advice.ts";
import { transfer } from "./transfer.ts";
import { checkTransfer } from "../arguments/transfer_arguments.ts";
import type { BaseTunnel } from "../base_tunnel.ts";
import { closingsOf } from "./operation.ts";
import type { SyncOptions, SyncResult } from "../file_options.ts";

/** See `BaseTunnel.sync()`. */
export async function syncDirectory(
  tunnel: BaseTunnel,
  localDir: string | URL,
  remoteDir: string | URL,
  options: SyncOptions,
): Promise<SyncResult> {
  const root = resolve(localPath("localDir", localDir));
  const target = pathOf("remoteDir", remoteDir);
  checkTransfer("sync", options);
  const since = closingsOf(tunnel);
  const exclusions = await exclusionsOf(options.exclude);
  const { checksum = false, dryRun = false, signal } = options;
  return await transfer({
    tunnel,
    operation: "sync()",
    refusal: `Cannot sync ${root} to ${tunnel.host}`,
    advise: (error) => sourceAdvice("sync", root, error),
    signal,
    since,
    service: ["receiveTree", target, {
      exclusions,
      delete: options.delete ?? false,
      maskedBits: 0,
      dryRun,
    }],
  }, async (channel) => {
    const progress = new SyncProgressTeller(tunnel.host, options);
    const source = new TreeSource(channel, root, {
      exclusions,
      checksum,
      onNeeded: (files, bytes) => progress.need(files, bytes),
      onSent: (files, bytes) => progress.move(files, bytes),
    });
    const failure = await source.sendReadable();
    channel.end();
    const answer = await source.answer();
    const [remote, changes] = Array.isArray(answer) ? answer : [];
    if (typeof remote !== "string" || !isChanges(changes)) {
      throw new BrokenTransfer("It did not say what it changed");
    }
    if (failure !== undefined) throw failure;
    progress.end();
    const { created, updated, deleted, unchanged, skipped, bytes } = changes;
    const names = { localDir: root, remoteDir: remote };
    return { ...names, created, updated, deleted, unchanged, skipped, bytes };
  });
}

/** See `BaseTunnel.fetchDir()`. */
export async function fetchDirectory(
  tunnel: BaseTunnel,
  remoteDir: string | URL,
  localDir: string | URL,
  options: SyncOptions,
): Promise<SyncResult> {
  const root = resolve(localPath("localDir", localDir));
  const source = pathOf("remoteDir", remoteDir);
  checkTransfer("sync", options);
  const since = closingsOf(tunnel);
  const exclusions = await exclusionsOf(options.exclude);
  const { checksum = false, dryRun = false, signal } = options;
  return await transfer({
    tunnel,
    operation: "fetchDir()",
    refusal: `Cannot fetch the folder ${source} from ${tunnel.host}`,
    signal,
    since,
    service: ["sendTree", source, { exclusions, checksum }],
  }, async (channel) => {
    const first = await channel.receive();
    if (first === undefined || first.flags !== 0) throw new Interruption(first);
    const remote = decode(first.bytes);
    if (typeof remote !== "string") throw new BrokenTransfer("A folder without a path");
    const progress = new SyncProgressTeller(tunnel.host, options);
    const target = new TreeTarget(channel, root, {
      exclusions,
      delete: options.delete ?? false,
      // What a far end wrote is not to run here with the rights of who fetched it.
      maskedBits: 0o6000,
      dryRun,
      onNeeded: (files, bytes) => progress.need(files, bytes),
      onWritten: (files, bytes) => progress.move(files, bytes),
    });
    const changes = await target.receive();
    progress.end();
    return { localDir: root, remoteDir: remote, ...changes };
  });
}

/** Adds up how far a folder has come, and tells the caller. */
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
    // Files may have grown since they were listed.
    this.#totalBytes = Math.max(this.#totalBytes, this.#bytes);
    this.#tell();
  }

  end(): void {
    // Others may have shrunk, or gone.
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
  return [created, updated, deleted, skipped].every((paths) =>
    Array.isArray(paths) && paths.every((path) => typeof path === "string")
  ) && isNatural(unchanged) && isNatural(bytes);
}
