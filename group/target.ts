/**
 * What can be done on every member of a group, and on every target of a queue: what is to be sent is
 * found out once, for all of them.
 *
 * @module
 */

import type { AgentInfo } from "../agent/protocol/hello.ts";
import type { BaseTunnel } from "../tunnel/base_tunnel.ts";
import type {
  FetchedBytes,
  FetchedStream,
  FetchOptions,
  FetchResult,
  FetchTarget,
  PutOptions,
  PutResult,
  PutSource,
  SyncOptions,
  SyncResult,
} from "../tunnel/file_options.ts";
import {
  checkCall,
  performCall,
  prepareCall,
  type PreparedCall,
  signalOf,
  withSession,
} from "../tunnel/operation/operation.ts";
import { checkPut } from "../tunnel/arguments/put_arguments.ts";
import { checkGlobs, checkTransfer } from "../tunnel/arguments/transfer_arguments.ts";
import { localPaths } from "./_local_paths.ts";
import { pathOf } from "../tunnel/arguments/local_path.ts";
import { ErrorResult } from "./error_result.ts";

/** Something to do on one or on several tunnels. */
export interface Operation<T> {
  /**
   * Rejects with what is wrong with the operation itself, if that is only found out later. Nothing is to be
   * begun before it resolves. Whoever does not wait for it need not catch it.
   */
  readonly ready: Promise<void> | undefined;
  /** Ends the operation, beside what the tunnels' own signals end. */
  readonly signal: AbortSignal | undefined;
  /** Does it on one of the tunnels that it was made for, or on a view of one. */
  perform(tunnel: BaseTunnel): Promise<T>;
}

/**
 * What an operation is for: the members of a group, or a tunnel alone. For a tunnel alone streams are taken, and a
 * local path need not be a template; for members it has to be one.
 */
export type Target = BaseTunnel | readonly BaseTunnel[];

/**
 * A call of `fn`, as things are now.
 *
 * @throws {TypeError} If something cannot be sent, unless that is only found out later.
 */
export function callOperation<A extends unknown[], R>(
  target: Target,
  fn: (...args: A) => R,
  args: A,
): Operation<Awaited<R>> {
  const call = prepareCall(fn, args);
  const ready = check(target, call);
  ready.catch(() => {});
  return {
    ready,
    signal: undefined,
    perform: (tunnel) => performCall(tunnel, call) as Promise<Awaited<R>>,
  };
}

/** Connecting, with what the agent tells of itself as its result. */
export function connectOperation(): Operation<AgentInfo> {
  return {
    ready: undefined,
    signal: undefined,
    async perform(tunnel) {
      await tunnel.connect();
      // It is there already, unless the connection was lost at once.
      const signal = signalOf(tunnel, undefined);
      return await withSession(tunnel, signal, ({ connection }) => connection.ready);
    },
  };
}

/**
 * Writing a file at the far end.
 *
 * @throws {TypeError} If the source or an option is none, or it is a stream, which only one host can read.
 * @throws {RangeError} If the mode is none.
 */
export function putOperation(
  target: Target,
  source: PutSource,
  remotePath?: string | URL,
  options: PutOptions = {},
): Operation<PutResult> {
  checkPut(source, options);
  if (source instanceof ReadableStream) checkStream(target, "put a stream");
  if (remotePath !== undefined) pathOf("remotePath", remotePath);
  return fileOperation("put", options, (tunnel) => tunnel.put(source, remotePath, options));
}

/**
 * Reading a file at the far end.
 *
 * @throws {TypeError} If the template does not give each host a path of its own, or is a stream, or an option is none.
 */
export function fetchOperation(
  target: Target,
  remotePath: string | URL,
  localPath?: FetchTarget,
  options: FetchOptions = {},
): Operation<FetchResult | FetchedStream | FetchedBytes> {
  pathOf("remotePath", remotePath);
  if (localPath instanceof WritableStream && isMembers(target)) {
    throw new TypeError("Cannot fetch into a stream: the files of several hosts would mix");
  }
  const fileOf =
    localPath === undefined || localPath === null || localPath instanceof WritableStream
      ? () => localPath as string | undefined
      : localPathOf(target, localPath);
  return fileOperation(
    "fetch",
    options,
    (tunnel) => tunnel.fetch(remotePath, fileOf(tunnel), options),
  );
}

/**
 * Making a folder at the far end the same as one here.
 *
 * @throws {TypeError} If an argument is no path, or an option is none.
 */
export function syncOperation(
  _target: Target,
  localDir: string | URL,
  remoteDir: string | URL,
  options: SyncOptions = {},
): Operation<SyncResult> {
  pathOf("localDir", localDir);
  pathOf("remoteDir", remoteDir);
  return folderOperation(options, (tunnel, own) => tunnel.sync(localDir, remoteDir, own));
}

/**
 * Making a folder here the same as one at the far end.
 *
 * @throws {TypeError} If the template does not give each host a path of its own, or an option is none.
 */
export function fetchDirOperation(
  target: Target,
  remoteDir: string | URL,
  localDir: string | URL,
  options: SyncOptions = {},
): Operation<SyncResult> {
  pathOf("remoteDir", remoteDir);
  const dirOf = localPathOf(target, localDir);
  return folderOperation(
    options,
    (tunnel, own) => tunnel.fetchDir(remoteDir, dirOf(tunnel), own),
  );
}

/**
 * What comes of an operation on one tunnel. Never rejects.
 *
 * @param operation The operation.
 * @param tunnel One of the tunnels that it was made for, or a view of one: its signal counts as well.
 */
export async function outcome<T>(
  operation: Operation<T>,
  tunnel: BaseTunnel,
): Promise<T | ErrorResult> {
  const signals = [signalOf(tunnel, undefined), operation.signal];
  const aborted = signals.find((signal) => signal?.aborted);
  if (aborted !== undefined) {
    return new ErrorResult(aborted.reason, { aborted: true, skipped: true });
  }
  try {
    return await operation.perform(tunnel);
  } catch (error) {
    const isReason = signals.some((signal) => signal?.aborted && signal.reason === error);
    return new ErrorResult(error, { aborted: isReason });
  }
}

function fileOperation<T>(
  kind: "put" | "fetch",
  options: PutOptions,
  perform: (tunnel: BaseTunnel) => Promise<T>,
): Operation<T> {
  checkTransfer(kind, options);
  return { ready: undefined, signal: options.signal, perform };
}

function folderOperation(
  options: SyncOptions,
  perform: (tunnel: BaseTunnel, options: SyncOptions) => Promise<SyncResult>,
): Operation<SyncResult> {
  checkTransfer("sync", options);
  const { exclude, signal } = options;
  // The globs that are checked are those that are used.
  const own = Array.isArray(exclude) ? { ...options, exclude: [...exclude] } : options;
  const ready = exclude === undefined ? undefined : checkGlobs(own);
  ready?.catch(() => {});
  return { ready, signal, perform: (tunnel) => perform(tunnel, own) };
}

async function check(target: Target, call: PreparedCall): Promise<void> {
  const { hasStreams } = await checkCall(call);
  if (hasStreams) checkStream(target, `call ${call.operation} with a stream`);
}

function checkStream(target: Target, what: string): void {
  if (isMembers(target) && target.length > 1) {
    throw new TypeError(`Cannot ${what} on ${target.length} hosts: only one can read it`);
  }
}

function localPathOf(target: Target, path: string | URL): (tunnel: BaseTunnel) => string {
  if (!isMembers(target)) return () => path as string;
  const paths = localPaths(path, target.map(({ host }) => host));
  return ({ host }) => paths.get(host)!;
}

function isMembers(target: Target): target is readonly BaseTunnel[] {
  return Array.isArray(target);
}
