import type {
  Fetched,
  FetchedBytes,
  FetchOptions,
  FetchResult,
  PutOptions,
  PutResult,
  PutSource,
  SyncOptions,
  SyncResult,
} from "../tunnel/file_options.ts";
import type { Operation } from "../tunnel/operation/operation.ts";
import { prepareSync } from "../tunnel/operation/sync.ts";
import { checkFile } from "./files/check_file.ts";
import { attemptAll, type Crowd, workOf } from "./attempts.ts";
import { GroupResult } from "./group_result.ts";
import { fetchDirOn, fetchOn, putOn } from "./target.ts";

/** What a group does with files. */
export abstract class FileOperations {
  /** The members, in order. */
  abstract readonly tunnels: readonly { readonly host: string }[];
  /** The members' hosts, in order. */
  abstract readonly hosts: string[];
  /** How many members there are. */
  abstract readonly size: number;
  /** How many members are worked on at a time. */
  abstract readonly concurrency: number;

  /**
   * Writes a file on every member; see {@linkcode BaseTunnel.prototype.put | BaseTunnel.put}.
   *
   * Rejects with a `TypeError` or `RangeError` if there is something wrong with the arguments, such
   * as a stream for several hosts, and with an `Error` if there is no such file here.
   *
   * @param source A path or `file:` URL, or the contents.
   * @param remotePath The path there. Without it, each host makes a temporary file.
   * @param options Mode, progress, whether only to say what changes, and cancellation; an abort
   * counts as one of the group's signal does. Default: `{}`.
   *
   * @example What would change
   * ```ts
   * import { Group, Local } from "@chopsticks/chopsticks";
   *
   * await using group = new Group([new Local("a"), new Local("b")]);
   * const motd = { text: "Welcome\n" };
   * console.log(await group.put(motd, "/tmp/chopsticks-motd", { dryRun: true }));
   * ```
   */
  async put(
    source: PutSource,
    remotePath?: string | URL,
    options: PutOptions = {},
  ): Promise<GroupResult<PutResult>> {
    const operation = putOn(this.hosts, source, remotePath, options);
    if (typeof source === "string" || source instanceof URL) await checkFile("put", source);
    return await performOn(this, operation);
  }

  /**
   * Reads a file of every member into memory, at most 1 GiB each.
   *
   * @param remotePath The path there.
   * @param localPath `null`.
   * @param options Progress and cancellation; an abort counts as one of the group's signal does.
   * Default: `{}`.
   */
  fetch(
    remotePath: string | URL,
    localPath: null,
    options?: FetchOptions,
  ): Promise<GroupResult<FetchedBytes>>;
  /**
   * Copies a file from every member; see {@linkcode BaseTunnel.prototype.fetch | BaseTunnel.fetch}.
   *
   * Rejects with a `TypeError` if the template has no `{host}`, if two hosts would write one path,
   * or if a host's name would lead to another folder, as `../../etc` would.
   *
   * @param remotePath The path there.
   * @param localTemplate The path here, or a `file:` URL, in which `{host}` stands for the host, as
   * in `etc/{host}/passwd`. Folders that are missing are made. Without it, a temporary file is made
   * for each host.
   * @param options Progress and cancellation; an abort counts as one of the group's signal does.
   * Default: `{}`.
   *
   * @example
   * ```ts
   * import { Group, Local } from "@chopsticks/chopsticks";
   *
   * await using group = new Group([new Local("a"), new Local("b")]);
   * const folder = await Deno.makeTempDir();
   * const result = await group.fetch("/etc/hostname", `${folder}/hostname-{host}`);
   * for (const [host, { localPath }] of result.successful()) console.log(host, localPath);
   * await Deno.remove(folder, { recursive: true });
   * ```
   */
  fetch(
    remotePath: string | URL,
    localTemplate?: string | URL,
    options?: FetchOptions,
  ): Promise<GroupResult<FetchResult>>;
  /** Reads a file of every member to a path, or into memory. */
  fetch<To extends string | URL | null | undefined>(
    remotePath: string | URL,
    localTemplate: To,
    options?: FetchOptions,
  ): Promise<GroupResult<Fetched<To>>>;
  async fetch(
    remotePath: string | URL,
    localTemplate?: string | URL | null,
    options: FetchOptions = {},
  ): Promise<GroupResult<FetchResult | FetchedBytes>> {
    const operation = fetchOn(this.hosts, remotePath, localTemplate, options);
    return await performOn(this, operation as Operation<FetchResult | FetchedBytes>);
  }

  /**
   * Makes a folder on every member the same as one here; see
   * {@linkcode BaseTunnel.prototype.sync | BaseTunnel.sync}.
   *
   * Rejects with a `TypeError` if there is something wrong with the arguments, and with an `Error`
   * if there is no such folder here.
   *
   * @param localDir The folder here, by path or `file:` URL.
   * @param remoteDir The folder there, which is made if it is missing.
   * @param options What to leave alone, how to compare, whether to remove. Default: `{}`.
   */
  async sync(
    localDir: string | URL,
    remoteDir: string | URL,
    options: SyncOptions = {},
  ): Promise<GroupResult<SyncResult>> {
    const operation = prepareSync(localDir, remoteDir, options);
    await checkFile("sync", localDir);
    return await performOn(this, operation);
  }

  /**
   * Makes folders here the same as one on each member; see
   * {@linkcode BaseTunnel.prototype.fetchDir | BaseTunnel.fetchDir}.
   *
   * Rejects with a `TypeError` for templates that
   * {@linkcode FileOperations.prototype.fetch | fetch} refuses.
   *
   * @param remoteDir The folder there.
   * @param localTemplate The folder here, by path or `file:` URL, in which `{host}` stands for the
   * host.
   * @param options What to leave alone, how to compare, whether to remove. Default: `{}`.
   */
  async fetchDir(
    remoteDir: string | URL,
    localTemplate: string | URL,
    options: SyncOptions = {},
  ): Promise<GroupResult<SyncResult>> {
    return await performOn(this, fetchDirOn(this.hosts, remoteDir, localTemplate, options));
  }
}

/** Does an operation on all members, over their connections. */
export async function performOn<T>(
  group: Crowd,
  operation: Operation<T>,
): Promise<GroupResult<T>> {
  return new GroupResult(await attemptAll(group, workOf(operation)));
}
