/**
 * The conditions of operations on several hosts: only one host can read a stream, and each host
 * needs a path of its own here.
 *
 * @module
 */

import type { HostPath } from "../tunnel/arguments/host_template.ts";
import { isStream } from "../tunnel/arguments/put_arguments.ts";
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
import { typeError } from "../tunnel/misuse.ts";
import { type Call, prepareCall } from "../tunnel/operation/call.ts";
import { prepareFetch } from "../tunnel/operation/fetch.ts";
import type { Operation } from "../tunnel/operation/operation.ts";
import { preparePut } from "../tunnel/operation/put.ts";
import { prepareFetchDir } from "../tunnel/operation/sync.ts";
import { localPaths } from "./_local_paths.ts";

/**
 * The hosts that an operation is for: the hosts of a group, or `undefined` for a tunnel alone. A
 * tunnel alone takes streams, and a path here need not be a template.
 */
export type TargetHosts = readonly string[] | undefined;

/**
 * Prepares a call of `fn`, as things are now.
 *
 * @throws {TypeError} If `fn` is not a function. If something cannot be sent, `ready` rejects.
 */
export function callOn<A extends unknown[], R>(
  hosts: TargetHosts,
  fn: (this: void, ...args: A) => R,
  args: A,
): Operation<Awaited<R>> {
  const call = prepareCall(fn, args);
  const ready = checkCall(hosts, call);
  // It may take a while until somebody waits for it.
  ready.catch(() => {});
  return { ready, signal: undefined, perform: (link) => call.perform(link) };
}

/**
 * Prepares writing a file at the far end.
 *
 * @throws {TypeError} If an argument or an option is of the wrong type, or if several hosts would
 * read one stream.
 * @throws {RangeError} If the mode is not one.
 */
export function putOn(
  hosts: TargetHosts,
  source: PutSource,
  remotePath?: string | URL,
  options?: PutOptions,
): Operation<PutResult> {
  const operation = preparePut(source, remotePath, options);
  if (isStream(source)) checkStream(hosts, "put a stream");
  return operation;
}

/**
 * Prepares reading a file at the far end.
 *
 * @throws {TypeError} If an argument or an option is of the wrong type, or if several hosts would
 * write to one path or stream.
 */
export function fetchOn(
  hosts: TargetHosts,
  remotePath: string | URL,
  target?: FetchTarget,
  options?: FetchOptions,
): Operation<FetchResult | FetchedStream | FetchedBytes> {
  if (hosts !== undefined && target instanceof WritableStream) {
    throw typeError("Cannot fetch into a stream: the files of several hosts would mix");
  }
  const isPath = target !== undefined && target !== null && !(target instanceof WritableStream);
  return prepareFetch(remotePath, target, options, isPath ? pathsFor(hosts, target) : undefined);
}

/**
 * Prepares making a folder here the same as one at the far end.
 *
 * @throws {TypeError} If an argument or an option is of the wrong type, or if several hosts would
 * write to one folder.
 */
export function fetchDirOn(
  hosts: TargetHosts,
  remoteDir: string | URL,
  localDir: string | URL,
  options?: SyncOptions,
): Operation<SyncResult> {
  return prepareFetchDir(remoteDir, localDir, options, pathsFor(hosts, localDir));
}

async function checkCall(hosts: TargetHosts, call: Call<unknown>): Promise<void> {
  const { hasStreams } = await call.check();
  if (hasStreams) checkStream(hosts, `call ${call.name} with a stream`);
}

function checkStream(hosts: TargetHosts, what: string): void {
  if (hosts !== undefined && hosts.length > 1) {
    throw typeError(`Cannot ${what} on ${hosts.length} hosts: only one can read it`);
  }
}

function pathsFor(hosts: TargetHosts, template: string | URL): HostPath | undefined {
  if (hosts === undefined) return undefined;
  const paths = localPaths(template, hosts);
  return (host) => paths.get(host)!;
}
