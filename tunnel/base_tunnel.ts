import type { AgentInfo } from "../agent/protocol/hello.ts";
import type { Group } from "../group/group.ts";
import type {
  Fetched,
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
} from "./file_options.ts";
import { Forwarding } from "./forwarding.ts";
import { showAs } from "./arguments/show_as.ts";
import { typeError } from "./misuse.ts";
import { callerOf, setCalling } from "./own_frames.ts";
import { callNow } from "./operation/call.ts";
import { prepareConnect } from "./operation/connect.ts";
import { prepareFetch } from "./operation/fetch.ts";
import { closeLink, type Link, linkFrom, linkOf, withSignal } from "./operation/link.ts";
import { preparePut } from "./operation/put.ts";
import { remoteModule } from "./operation/remote_module.ts";
import { prepareFetchDir, prepareSync } from "./operation/sync.ts";
import type { ArgsIfChanged, Received } from "./received.ts";
import { checkWithOptions, type WithOptions } from "./tunnel_options.ts";

/**
 * A module at the far end: each of its functions is here, and returns a promise. A function that
 * needs a `this` is not.
 */
export type RemoteModule<M> = {
  readonly [K in keyof M as M[K] extends (this: void, ...args: never[]) => unknown ? K : never]:
    M[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Received<R>> : never;
};

/**
 * A tunnel, a group, or an iterable of hosts and tunnels. A host is reached by ssh.
 */
export type Hosts = BaseTunnel | Iterable<string | BaseTunnel>;

/** A function that can be called without a `this`. */
type Callable = (this: void, ...args: unknown[]) => unknown;

let makeGroup: ((tunnel: BaseTunnel) => Group) | undefined;

/**
 * Tells how a group is made of a tunnel. The module of groups, which is built on this one, does.
 */
export function setGrouping(make: (tunnel: BaseTunnel) => Group): void {
  makeGroup = make;
}

function groupOf(tunnel: BaseTunnel): Group {
  if (makeGroup !== undefined) return makeGroup(tunnel);
  throw typeError(`Cannot make a group of ${tunnel}: import it from mod.ts, which has groups`);
}

/** The link of a tunnel for a method that somebody has called: errors name the line of that. */
function linkBy(
  tunnel: BaseTunnel,
  method: "connect" | "put" | "fetch" | "sync" | "fetchDir",
): Link {
  return linkFrom(tunnel, BaseTunnel.prototype[method]);
}

/**
 * What names the line of a call that may have to connect. It takes twice the time of `new Error()`,
 * which a call over a connection that is up would feel.
 */
function connectingStart(link: Link): Error | undefined {
  return link.core.session === undefined ? callerOf(BaseTunnel.prototype.call) : undefined;
}

/**
 * A way to another machine, or to another process: the methods that all tunnels have.
 *
 * A tunnel connects when it is first used. It can be closed and used again; then it connects anew,
 * and nothing is left of what ran at the far end before. An idle tunnel does not keep the script
 * alive.
 *
 * A driver may override methods such as `put` or `call`. Groups and queues do not call such
 * overrides: they work on the connection itself. `Group.each` hands out the tunnel, so methods that
 * are called there are the driver's own.
 *
 * @example Calling a function
 * ```ts
 * import { Local } from "@chopsticks/chopsticks";
 * import { runtime } from "@chopsticks/chopsticks/facts";
 *
 * await using tun = new Local();
 * console.log(await tun.call(runtime));
 * ```
 */
export abstract class BaseTunnel extends Forwarding {
  /** The name of the far end: what results and messages call it. */
  abstract override readonly host: string;

  /** Whether there is a connection with an agent that is up. */
  get connected(): boolean {
    return this.info !== undefined;
  }

  /** The agent's description of itself; `undefined` while there is no connection. */
  get info(): AgentInfo | undefined {
    return linkOf(this).core.session?.connection.info;
  }

  /** Connects if there is no connection. Rejects with a {@linkcode ConnectionError} if it fails. */
  async connect(): Promise<void> {
    await prepareConnect().perform(linkBy(this, "connect"));
  }

  /** Calls a function whose result arrives as another type: see {@linkcode Received}. */
  call<A extends unknown[], R>(
    fn: (this: void, ...args: A) => R,
    ...args: ArgsIfChanged<A, R>
  ): Promise<Received<R>>;
  /**
   * Calls `fn` at the far end. The function and every module that it needs are sent there; the
   * arguments and the result are copied.
   *
   * The variables that the function uses, the objects in them and the arguments are taken as they
   * are now, in one step: nothing that happens later changes what is sent. Functions that share a
   * variable here share it there. Objects keep their accessors. A class keeps the values of its
   * static fields, and its static blocks do not run again, unless a static field has no copy, such
   * as a socket: that field starts there as its class defines it.
   *
   * An async iterable or a `ReadableStream` streams, as an argument and as the result. Its producer
   * is ahead of the reader by at most 128 values. The stream ends when the reader stops early, when
   * the call fails, when the signal of {@linkcode BaseTunnel.prototype.with | with} aborts, and
   * some time after nobody can read it any more. Then a `ReadableStream` is cancelled at once; an
   * async generator that waits for something ends when that has come: nothing can interrupt it.
   *
   * Rejects with a {@linkcode RemoteError} if the function throws there, with a
   * {@linkcode ConnectionError} if there is no connection or it is lost, and with a `TypeError` if
   * the function or an argument cannot be sent.
   *
   * @param fn Any function. The variables that it uses go along; it has no `this`.
   * @param args What to call it with.
   * @returns What it returns, awaited.
   *
   * @example A built-in function
   * ```ts
   * import { Local } from "@chopsticks/chopsticks";
   *
   * await using tun = new Local();
   * console.log(await tun.call(Math.max, 1, 2, 3)); // 3
   * ```
   */
  call<A extends unknown[], R>(
    fn: (this: void, ...args: A) => R,
    ...args: A
  ): Promise<Awaited<R>>;
  async call(fn: Callable, ...args: unknown[]): Promise<unknown> {
    const link = linkOf(this);
    return await callNow(link, fn, args, connectingStart(link) ?? new Error());
  }

  /**
   * A module at the far end. Unlike {@linkcode BaseTunnel.prototype.call | call}, this does not
   * look into functions, so it works where there is no inspector.
   *
   * @param url The module's URL, as `import.meta.resolve` gives it.
   * @returns A stand-in with the module's functions.
   *
   * @example
   * ```ts
   * import { Local } from "@chopsticks/chopsticks";
   *
   * await using tun = new Local();
   * const facts = tun.module<typeof import("@chopsticks/chopsticks/facts")>(
   *   import.meta.resolve("@chopsticks/chopsticks/facts"),
   * );
   * console.log(await facts.hostname());
   * ```
   */
  module<M>(url: string | URL): RemoteModule<M> {
    return remoteModule(url, (call) => call.perform(linkOf(this))) as RemoteModule<M>;
  }

  /**
   * Writes a file at the far end. It is written beside its place and moved there when it is
   * complete, so nobody sees a partial file and no old file is damaged. A file that is the same
   * already is left alone. Memory does not grow with the size.
   *
   * Rejects with a {@linkcode RemoteError} if the far end cannot write the file, and with an
   * `Error` if the source cannot be read here. The text says which path and why, and the error's
   * `cause` has the system's `code`.
   *
   * @param source A path or `file:` URL, or the contents.
   * @param remotePath The path there. A relative one starts in the agent's folder, and `~/` is the
   * home folder. Without it, a temporary file is made.
   * @param options Mode, progress, cancellation, and whether only to say what changes. Default:
   * `{}`.
   * @returns The path of the file, its size and its SHA-1, and whether anything had to be changed.
   *
   * @example
   * ```ts
   * import { Local } from "@chopsticks/chopsticks";
   *
   * await using tun = new Local();
   * const { remotePath } = await tun.put({ text: "Hello\n" }, undefined, { mode: 0o600 });
   * await tun.call(Deno.remove, remotePath);
   * ```
   */
  async put(
    source: PutSource,
    remotePath?: string | URL,
    options: PutOptions = {},
  ): Promise<PutResult> {
    return await preparePut(source, remotePath, options).perform(linkBy(this, "put"));
  }

  /**
   * Reads a file at the far end into memory, at most 1 GiB.
   *
   * @param remotePath The path there, as for {@linkcode BaseTunnel.prototype.put | put}.
   * @param localPath `null`.
   * @param options Progress and cancellation. Default: `{}`.
   *
   * @example
   * ```ts
   * import { Local } from "@chopsticks/chopsticks";
   *
   * await using tun = new Local();
   * const { bytes } = await tun.fetch("/etc/hostname", null);
   * console.log(new TextDecoder().decode(bytes));
   * ```
   */
  fetch(remotePath: string | URL, localPath: null, options?: FetchOptions): Promise<FetchedBytes>;
  /**
   * Reads a file at the far end into a stream, which is closed at the end, and aborted if it fails.
   *
   * @param remotePath The path there, as for {@linkcode BaseTunnel.prototype.put | put}.
   * @param localPath The stream.
   * @param options Progress and cancellation. Default: `{}`.
   */
  fetch(
    remotePath: string | URL,
    localPath: WritableStream<Uint8Array<ArrayBuffer>>,
    options?: FetchOptions,
  ): Promise<FetchedStream>;
  /**
   * Copies a file from the far end. It is written beside its place and moved there when it is
   * complete. A new file gets the mode that it has there, without the bits that the umask here
   * takes away. Memory does not grow with the size.
   *
   * Rejects with a {@linkcode RemoteError} if the far end cannot read the file, and with an `Error`
   * if it cannot be written here; both as with {@linkcode BaseTunnel.prototype.put | put}.
   *
   * @param remotePath The path there, as for {@linkcode BaseTunnel.prototype.put | put}.
   * @param localPath The path here, or a `file:` URL, in which `{host}` stands for the host; then
   * folders of the path that are missing are made. Without it, a temporary file is made.
   * @param options Progress and cancellation. Default: `{}`.
   */
  fetch(
    remotePath: string | URL,
    localPath?: string | URL,
    options?: FetchOptions,
  ): Promise<FetchResult>;
  /** Reads a file at the far end to a path, or into a stream or the memory. */
  fetch<To extends FetchTarget | undefined>(
    remotePath: string | URL,
    localPath: To,
    options?: FetchOptions,
  ): Promise<Fetched<To>>;
  async fetch(
    remotePath: string | URL,
    localPath?: FetchTarget,
    options: FetchOptions = {},
  ): Promise<FetchResult | FetchedStream | FetchedBytes> {
    return await prepareFetch(remotePath, localPath, options).perform(linkBy(this, "fetch"));
  }

  /**
   * Makes a folder at the far end the same as one here: creates and updates what differs and, with
   * `delete`, removes what is not here. Files, folders and symbolic links are transferred, with
   * their modes and times.
   *
   * Rejects as {@linkcode BaseTunnel.prototype.put | put} does. Files that have arrived by then
   * stay; no file is ever half-written. If something cannot be read, all else is transferred before
   * it rejects. Folders that belong to another user keep their modes and times.
   *
   * @param localDir The folder here, by path or `file:` URL.
   * @param remoteDir The folder there, which is made if it is missing.
   * @param options What to leave alone, how to compare, whether to remove, and whether only to say
   * what changes. Default: `{}`.
   * @returns What was created, updated and deleted.
   *
   * @example
   * ```ts ignore
   * import { Tunnel } from "@chopsticks/chopsticks";
   *
   * await using tun = new Tunnel("www.example.com");
   * const { updated } = await tun.sync("./site", "/srv/www", { delete: true, exclude: ["*.tmp"] });
   * console.log(updated);
   * ```
   */
  async sync(
    localDir: string | URL,
    remoteDir: string | URL,
    options: SyncOptions = {},
  ): Promise<SyncResult> {
    return await prepareSync(localDir, remoteDir, options).perform(linkBy(this, "sync"));
  }

  /**
   * Makes a folder here the same as one at the far end; otherwise like
   * {@linkcode BaseTunnel.prototype.sync | sync}. Whatever the far end says, nothing outside of
   * `localDir` is written. Files and folders get the modes that they have there, without the bits
   * that the umask here takes away, and never a set-ID or sticky bit, or the right for all others
   * to write.
   *
   * @param remoteDir The folder there.
   * @param localDir The folder here, by path or `file:` URL, which is made if it is missing.
   * `{host}` in it stands for the host.
   * @param options What to leave alone, how to compare, whether to remove. Default: `{}`.
   * @returns What was created, updated and deleted.
   */
  async fetchDir(
    remoteDir: string | URL,
    localDir: string | URL,
    options: SyncOptions = {},
  ): Promise<SyncResult> {
    return await prepareFetchDir(remoteDir, localDir, options).perform(linkBy(this, "fetchDir"));
  }

  /**
   * A group of this tunnel and the members of `other`. Of those with one host, the first counts.
   */
  union(other: Hosts): Group {
    return groupOf(this).union(other);
  }

  /** A group of this tunnel if its host is in `other`, or else an empty group. */
  intersection(other: Hosts): Group {
    return groupOf(this).intersection(other);
  }

  /** A group of this tunnel if its host is not in `other`, or else an empty group. */
  difference(other: Hosts): Group {
    return groupOf(this).difference(other);
  }

  /** A group of what is either this tunnel or in `other`, by host, but not both. */
  symmetricDifference(other: Hosts): Group {
    return groupOf(this).symmetricDifference(other);
  }

  /**
   * The same tunnel, with the same connection, whose operations are also ended by a signal. It is
   * an object of its own, whose prototype is this tunnel, so it has none of the `#private` fields
   * of a subclass. If methods of a driver must work on it too, their properties may be `private` or
   * `protected`, but not `#private`.
   *
   * @param options The signal.
   * @throws {TypeError} If an option is of the wrong type.
   *
   * @example At most a second
   * ```ts
   * import { Local } from "@chopsticks/chopsticks";
   *
   * await using tun = new Local();
   * await tun.with({ signal: AbortSignal.timeout(1_000) }).call(Date.now);
   * ```
   */
  with(options: WithOptions): this {
    checkWithOptions(options);
    return options.signal === undefined ? this : withSignal(this, options.signal);
  }

  /**
   * Ends the agent and everything that it runs, and resolves when that is done. Pending operations
   * fail. Harmless when there is no connection.
   */
  async close(): Promise<void> {
    await closeLink(linkOf(this));
  }

  /** Closes the tunnel at the end of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The type and the host, such as `Docker('py36')`. */
  override toString(): string {
    return `${this.constructor.name}('${this.host.replace(/['\\]/g, "\\$&")}')`;
  }

  static {
    showAs(this.prototype, (tunnel) => tunnel.toString());
  }
}

setCalling(BaseTunnel.prototype.call);
