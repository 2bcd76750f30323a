import type { AgentInfo } from "../agent/protocol/hello.ts";
import type { FunctionPlace } from "../agent/protocol/request.ts";
import { asStream } from "../agent/protocol/value_stream.ts";
import type { Group, Hosts } from "../group/group.ts";
import { placeImage } from "./closure/call_image.ts";
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
} from "./file_options.ts";
import { fetchFile } from "./operation/fetch.ts";
import { putFile } from "./operation/put.ts";
import { fetchDirectory, syncDirectory } from "./operation/sync.ts";
import { groupOf } from "./_grouping.ts";
import { ownTarget } from "./arguments/host_template.ts";
import { showAs } from "./arguments/show_as.ts";
import {
  closedError,
  connect,
  coreOf,
  performCall,
  prepareCall,
  prepared,
  withSignal,
} from "./operation/operation.ts";
import { checkWithOptions, type WithOptions } from "./tunnel_options.ts";

/** A module at the far end: each of its functions gives a promise here. */
export type RemoteModule<M> = {
  readonly [K in keyof M as M[K] extends (...args: never[]) => unknown ? K : never]: M[K] extends
    (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

/**
 * A way to another machine, or to another process: what all tunnels have in common.
 *
 * A tunnel connects when it is first used. It can be closed and used again; then it connects anew,
 * and nothing is left of what ran at the far end before. An idle tunnel does not keep the script alive.
 *
 * @example Calling a function
 * ```ts
 * import { Local } from "../mod.ts";
 * import { runtime } from "../agent/facts.ts";
 *
 * await using tun = new Local();
 * console.log(await tun.call(runtime));
 * ```
 */
export abstract class BaseTunnel {
  /** The name of the far end: what results and messages call it. */
  abstract readonly host: string;

  /** Whether there is a connection with an agent that is up. */
  get connected(): boolean {
    return this.info !== undefined;
  }

  /** What the agent told of itself, while there is a connection. */
  get info(): AgentInfo | undefined {
    return coreOf(this).session?.connection.info;
  }

  /**
   * Connects, if there is no connection yet.
   *
   * Rejects with a {@linkcode ConnectionError} if that fails.
   */
  async connect(): Promise<void> {
    await connect(this);
  }

  /**
   * Calls `fn` at the far end. The function and every module that it needs are sent there;
   * the arguments and the result are copied. Variables are taken as they are now; what is in the objects that they
   * hold should not change before the call is on its way, which may take a moment. What a module exports goes by its
   * name: a variable that was assigned to since has its first value there.
   * A class is made anew, its static blocks run again, and private static fields start anew; objects deep in others lose
   * what they have by symbols.
   *
   * An async iterable or a `ReadableStream` streams, as an argument and as the result: its producer is ahead of
   * the reader by at most 128 values. It ends when the reader stops early, when the call fails, when the signal of
   * {@linkcode with} aborts, and some time after nobody can read it any more. An async generator that is waiting for
   * something then, which nothing can interrupt, ends when that has come; a `ReadableStream` is cancelled at once.
   *
   * Rejects with a {@linkcode RemoteError} if it throws there, with a {@linkcode ConnectionError}
   * if there is no connection or it is lost, and with a `TypeError` if the function or
   * an argument cannot be sent.
   *
   * @param fn Any function: what it uses of what is around it goes along.
   * @param args What to call it with.
   * @returns What it returns, awaited.
   *
   * @example A built-in function
   * ```ts
   * import { Local } from "../mod.ts";
   *
   * await using tun = new Local();
   * console.log(await tun.call(Math.max, 1, 2, 3)); // 3
   * ```
   */
  async call<A extends unknown[], R>(
    fn: (...args: A) => R,
    ...args: A
  ): Promise<Awaited<R>> {
    return await performCall(this, prepareCall(fn, args)) as Awaited<R>;
  }

  /**
   * A module at the far end. Unlike {@linkcode call}, this does not look into functions,
   * so it works where the inspector is not to be had.
   *
   * @param url The module's URL, as `import.meta.resolve` gives it.
   * @returns A stand-in with the module's functions.
   *
   * @example
   * ```ts
   * import { Local } from "../mod.ts";
   *
   * await using tun = new Local();
   * const facts = tun.module<typeof import("../agent/facts.ts")>(
   *   import.meta.resolve("../agent/facts.ts"),
   * );
   * console.log(await facts.hostname());
   * ```
   */
  module<M>(url: string | URL): RemoteModule<M> {
    const { href } = new URL(url);
    const places = new Map<string, FunctionPlace>();
    return new Proxy(Object.create(null), {
      get: (_, name) => {
        // A stand-in is no promise, though anything may be asked whether it is one.
        if (typeof name === "symbol" || name === "then") return undefined;
        const place = places.get(name) ?? { module: href, path: [name] };
        places.set(name, place);
        return async (...args: unknown[]) =>
          await performCall(this, prepared(`${name}()`, placeImage(place, args.map(asStream))));
      },
    }) as RemoteModule<M>;
  }

  /**
   * Writes a file at the far end. It is written beside its place and moved there when it is complete, so
   * neither a partial file is ever seen nor an old one damaged. Any size needs the same memory.
   *
   * Rejects with a {@linkcode RemoteError} if the far end cannot write it, and with an `Error` if it
   * cannot be read here; the text says which path, and why. The error's `cause` has the system's `code`.
   *
   * @param source A path or `file:` URL, or the contents.
   * @param remotePath The path there; what is relative starts in the agent's folder, and `~/` is the home folder.
   * Without it a temporary file is made.
   * @param options Mode, progress and cancellation. Default: `{}`.
   *
   * @example
   * ```ts
   * import { Local } from "../mod.ts";
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
    return await putFile(this, source, remotePath, options);
  }

  /**
   * Reads a file at the far end into memory.
   *
   * @param remotePath The path there; what is relative starts in the agent's folder, and `~/` is the home folder.
   * @param localPath `null`.
   * @param options Progress and cancellation. Default: `{}`.
   *
   * @example
   * ```ts
   * import { Local } from "../mod.ts";
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
   * @param remotePath The path there.
   * @param localPath The stream.
   * @param options Progress and cancellation. Default: `{}`.
   */
  fetch(
    remotePath: string | URL,
    localPath: WritableStream<Uint8Array>,
    options?: FetchOptions,
  ): Promise<FetchedStream>;
  /**
   * Copies a file from the far end. It is written beside its place and moved there when it is complete.
   * A new file gets the mode that it has there, as far as the umask here admits. Any size needs the same memory.
   *
   * Rejects with a {@linkcode RemoteError} if the far end cannot read it, and with an `Error` if it
   * cannot be written here; the text says which path, and why. The error's `cause` has the system's `code`.
   *
   * @param remotePath The path there; what is relative starts in the agent's folder, and `~/` is the home folder.
   * @param localPath The path here, or a `file:` URL, in which `{host}` stands for the host. Without it a temporary
   * file is made.
   * @param options Progress and cancellation. Default: `{}`.
   */
  fetch(
    remotePath: string | URL,
    localPath?: string | URL,
    options?: FetchOptions,
  ): Promise<FetchResult>;
  async fetch(
    remotePath: string | URL,
    localPath?: FetchTarget,
    options: FetchOptions = {},
  ): Promise<FetchResult | FetchedStream | FetchedBytes> {
    return await fetchFile(this, remotePath, ownTarget(localPath, this.host), options);
  }

  /**
   * Makes a folder at the far end the same as one here: creates and updates what differs and, with
   * `delete`, removes what is not here. Files, folders and symbolic links are carried, with their modes and times.
   *
   * Rejects as {@linkcode put} does. What has arrived by then stays; no file is ever half-written. If something cannot be
   * read, all else is carried before it rejects. Modes and times of folders that belong to somebody else stay as they are.
   *
   * @param localDir The folder here, by path or `file:` URL.
   * @param remoteDir The folder there, which is made if need be.
   * @param options What to leave alone, how to compare, whether to remove. Default: `{}`.
   *
   * @example
   * ```ts ignore
   * import { Tunnel } from "../mod.ts";
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
    return await syncDirectory(this, localDir, remoteDir, options);
  }

  /**
   * Makes a folder here the same as one at the far end; otherwise like {@linkcode sync}. Whatever the far
   * end says, nothing outside of `localDir` is written, and no file gets a set-user-ID or set-group-ID bit.
   *
   * @param remoteDir The folder there.
   * @param localDir The folder here, by path or `file:` URL, which is made if need be. `{host}` in it stands for the
   * host.
   * @param options What to leave alone, how to compare, whether to remove. Default: `{}`.
   */
  async fetchDir(
    remoteDir: string | URL,
    localDir: string | URL,
    options: SyncOptions = {},
  ): Promise<SyncResult> {
    return await fetchDirectory(this, remoteDir, ownTarget(localDir, this.host), options);
  }

  /**
   * A group of this tunnel and those of `other`; of tunnels with one host, the first counts.
   *
   * @param other A tunnel, a group, or hosts and tunnels.
   */
  union(other: Hosts): Group {
    return groupOf(this).union(other);
  }

  /**
   * A group of this tunnel if its host is in `other`, or else of none.
   *
   * @param other A tunnel, a group, or hosts and tunnels.
   */
  intersection(other: Hosts): Group {
    return groupOf(this).intersection(other);
  }

  /**
   * A group of this tunnel if its host is not in `other`, or else of none.
   *
   * @param other A tunnel, a group, or hosts and tunnels.
   */
  difference(other: Hosts): Group {
    return groupOf(this).difference(other);
  }

  /**
   * A group of what is either this tunnel or in `other`, by host, and not both.
   *
   * @param other A tunnel, a group, or hosts and tunnels.
   */
  symmetricDifference(other: Hosts): Group {
    return groupOf(this).symmetricDifference(other);
  }

  /**
   * The same tunnel, with the same connection, whose operations are also ended by a signal. It is an object of
   * its own, whose prototype is this one, so it has none of the `#private` fields of a subclass: what methods of yours
   * are to find on it too, keep in other properties, which may be `private` or `protected`.
   *
   * @param options The signal.
   * @throws {TypeError} If an option is not what it should be.
   *
   * @example At most a second
   * ```ts
   * import { Local } from "../mod.ts";
   *
   * await using tun = new Local();
   * await tun.with({ signal: AbortSignal.timeout(1_000) }).call(Date.now);
   * ```
   */
  with(options: WithOptions): this {
    checkWithOptions(options);
    const { signal } = options;
    return signal === undefined ? this : withSignal(this, signal);
  }

  /**
   * Ends the agent and everything that it runs, and resolves when that is done. What is pending
   * fails. Harmless when there is no connection.
   */
  async close(): Promise<void> {
    const core = coreOf(this);
    // Not later: the tunnel may be used again meanwhile.
    const { session, gone } = core;
    core.session = undefined;
    core.closings++;
    await session?.connection.close(closedError(this.host));
    await gone;
  }

  /** Closes the tunnel at the end of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The type and the host, such as `Docker('py36')`. */
  toString(): string {
    return `${this.constructor.name}('${this.host.replace(/['\\]/g, "\\$&")}')`;
  }

  static {
    showAs(this.prototype, (tunnel) => tunnel.toString());
  }
}
