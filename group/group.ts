import type { AgentInfo } from "../agent/protocol/hello.ts";
import { checkBoolean } from "../tunnel/arguments/check.ts";
import { type BaseTunnel, type Hosts, setGrouping } from "../tunnel/base_tunnel.ts";
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
import { prepareConnect } from "../tunnel/operation/connect.ts";
import { endedOnce } from "../tunnel/operation/link.ts";
import type { Operation } from "../tunnel/operation/operation.ts";
import { prepareSync } from "../tunnel/operation/sync.ts";
import type { ArgsIfChanged, Received } from "../tunnel/received.ts";
import { checkFile } from "./_check_file.ts";
import { ResultStream } from "./_result_stream.ts";
import { attemptAll, workOf } from "./attempts.ts";
import type { ErrorResult } from "./error_result.ts";
import { GroupResult } from "./group_result.ts";
import { limitsOf } from "./limits/limits.ts";
import { type GroupOptions, Members } from "./members.ts";
import { callOn, fetchDirOn, fetchOn, putOn } from "./target.ts";

/** Options for {@linkcode Group.filter}. */
export interface FilterOptions {
  /**
   * Whether to keep the other members instead.
   *
   * @default false
   */
  readonly exclude?: boolean | undefined;
}

/** A function that can be called without a `this`. */
type Callable = (this: void, ...args: unknown[]) => unknown;

/**
 * Several tunnels, to do the same on all of them, side by side.
 *
 * An operation gives a {@linkcode GroupResult}, which has a value or an `ErrorResult` for each
 * host. A failure on one host does not hide the results of the others. A host that takes long does
 * not hold up the others, unless there are more members than `concurrency` allows. An operation
 * rejects only if something is wrong with the operation itself, such as a function that cannot be
 * sent; then no host was begun.
 *
 * The arguments and options of an operation are read once, at the time of the call.
 *
 * The tunnels are those that were given, not copies: a tunnel can be in several groups, and has one
 * connection. If a driver overrides methods such as `put`, a group does not call them: it works on
 * the connection itself. Only {@linkcode each} hands out the tunnels.
 *
 * @example
 * ```ts
 * import { Group, Local } from "../mod.ts";
 * import { hostname } from "../agent/facts.ts";
 *
 * await using group = new Group([new Local("a"), new Local("b")]);
 * console.log(await group.call(hostname));
 * ```
 *
 * @example Hosts that are reached by ssh
 * ```ts ignore
 * import { Docker, Group } from "../mod.ts";
 *
 * await using web = new Group(["web1", "web2", new Docker("sandbox")], { ssh: { user: "admin" } });
 * console.log(await web.call(Date.now));
 * ```
 */
export class Group extends Members {
  /**
   * Collects the members. Nothing is connected yet.
   *
   * @param hosts Hostnames and tunnels, mixed; or a group, or a tunnel.
   * @param options How many at a time, and how to reach hostnames. Default: `{}`.
   * @throws {TypeError} If two members have one host, if a member is neither a hostname nor a
   * tunnel, or if an option has an unknown name.
   * @throws {RangeError} If the concurrency is neither a positive integer nor `Infinity`.
   */
  constructor(hosts: Hosts, options: GroupOptions = {}) {
    super(hosts, options);
  }

  /** Makes a group of other members. */
  protected override make(hosts: Iterable<BaseTunnel>, options: GroupOptions): Group {
    return new Group(hosts, options);
  }

  /**
   * Connects the members that are not connected.
   *
   * @returns What each agent tells of itself.
   */
  async connect(): Promise<GroupResult<AgentInfo>> {
    return await this.#perform(prepareConnect());
  }

  /** Calls a function whose result arrives as another type: see {@linkcode Received}. */
  call<A extends unknown[], R>(
    fn: (this: void, ...args: A) => R,
    ...args: ArgsIfChanged<A, R>
  ): Promise<GroupResult<Received<R>>>;
  /**
   * Calls `fn` on every member. What to send is found out once for all of them; see
   * {@linkcode BaseTunnel.call}.
   *
   * Rejects with a `TypeError` if the function or an argument cannot be sent, or if a stream, which
   * only one host can read, is to be sent to several.
   *
   * @param fn Any function. The variables that it uses go along.
   * @param args What to call it with.
   * @returns What it returned on each host, awaited.
   */
  call<A extends unknown[], R>(
    fn: (this: void, ...args: A) => R,
    ...args: A
  ): Promise<GroupResult<Awaited<R>>>;
  async call(fn: Callable, ...args: unknown[]): Promise<GroupResult<unknown>> {
    return await this.#perform(callOn(this.hosts, fn, args));
  }

  /** Streams results that arrive as another type: see {@linkcode Received}. */
  stream<A extends unknown[], R>(
    fn: (this: void, ...args: A) => R,
    ...args: ArgsIfChanged<A, R>
  ): AsyncGenerator<[host: string, result: Received<R> | ErrorResult], void, void>;
  /**
   * Like {@linkcode call}, but gives the results as they arrive. The function and the arguments are
   * taken as they are now; no host is begun before the first result is asked for. Leaving the loop
   * early ends the calls that still run, and begins no others.
   *
   * The first `next()` rejects if `call` would reject.
   *
   * @param fn Any function. The variables that it uses go along.
   * @param args What to call it with.
   * @returns For each host, its name with the value or the `ErrorResult`.
   *
   * @example The first that answers
   * ```ts
   * import { ErrorResult, Group, Local } from "../mod.ts";
   *
   * await using group = new Group([new Local("a"), new Local("b")]);
   * for await (const [host, result] of group.stream(Date.now)) {
   *   if (result instanceof ErrorResult) continue;
   *   console.log(host, result);
   *   break;
   * }
   * ```
   */
  stream<A extends unknown[], R>(
    fn: (this: void, ...args: A) => R,
    ...args: A
  ): AsyncGenerator<[host: string, result: Awaited<R> | ErrorResult], void, void>;
  stream(fn: Callable, ...args: unknown[]): ResultStream<unknown> {
    let operation: Operation<unknown> | undefined;
    let misuse: unknown;
    try {
      operation = callOn(this.hosts, fn, args);
    } catch (error) {
      misuse = error;
    }
    return new ResultStream(this, () => {
      if (operation === undefined) throw misuse;
      return workOf(operation);
    });
  }

  /**
   * Has a function here work on every member: several steps on each, under the limits of the group.
   * If it throws, that is the failure of that host.
   *
   * If the group has a signal, an abort ends the member's operation that is under way, or else the
   * next one: it rejects with the signal's reason. Operations that the function begins after that
   * go on, so `catch` and `finally` can clear up over the tunnel. The result waits for the
   * function, also after an abort.
   *
   * @param work What to do with a member.
   * @returns What it returned for each host, awaited.
   *
   * @example
   * ```ts
   * import { Group, Local } from "../mod.ts";
   *
   * await using group = new Group([new Local("a"), new Local("b")]);
   * const result = await group.with({ maxFailures: 1 }).each(async (tunnel) => {
   *   const { remotePath } = await tunnel.put({ text: "port = 80" });
   *   return await tunnel.call(Deno.remove, remotePath);
   * });
   * result.raiseFailures();
   * ```
   */
  async each<T>(work: (tunnel: BaseTunnel) => T): Promise<GroupResult<Awaited<T>>> {
    if (typeof work !== "function") {
      throw new TypeError(`Cannot do ${String(work)} on each: it is not a function`);
    }
    return new GroupResult(
      await attemptAll<BaseTunnel, Awaited<T>>(this, {
        ready: undefined,
        signal: undefined,
        perform: async (tunnel): Promise<Awaited<T>> => await work(endedOnce(tunnel)),
      }),
    );
  }

  /**
   * Writes a file on every member; see {@linkcode BaseTunnel.put}.
   *
   * Rejects with a `TypeError` or `RangeError` if there is something wrong with the arguments, such
   * as a stream for several hosts, and with an `Error` if there is no such file here.
   *
   * @param source A path or `file:` URL, or the contents.
   * @param remotePath The path there. Without it, each host makes a temporary file.
   * @param options Mode, progress and cancellation; an abort counts as one of the group's signal
   * does. Default: `{}`.
   */
  async put(
    source: PutSource,
    remotePath?: string | URL,
    options: PutOptions = {},
  ): Promise<GroupResult<PutResult>> {
    const operation = putOn(this.hosts, source, remotePath, options);
    if (typeof source === "string" || source instanceof URL) await checkFile("put", source);
    return await this.#perform(operation);
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
   * Copies a file from every member; see {@linkcode BaseTunnel.fetch}.
   *
   * Rejects with a `TypeError` if the template has no `{host}`, if two hosts would write one path,
   * or if a host's name would lead to another folder, as `../../etc` would.
   *
   * @param remotePath The path there.
   * @param localTemplate The path here, or a `file:` URL, in which `{host}` stands for the host.
   * Without it, a temporary file is made for each host.
   * @param options Progress and cancellation; an abort counts as one of the group's signal does.
   * Default: `{}`.
   *
   * @example
   * ```ts
   * import { Group, Local } from "../mod.ts";
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
    return await this.#perform(operation as Operation<FetchResult | FetchedBytes>);
  }

  /**
   * Makes a folder on every member the same as one here; see {@linkcode BaseTunnel.sync}.
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
    return await this.#perform(operation);
  }

  /**
   * Makes folders here the same as one on each member; see {@linkcode BaseTunnel.fetchDir}.
   *
   * Rejects with a `TypeError` for templates that {@linkcode fetch} refuses.
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
    return await this.#perform(fetchDirOn(this.hosts, remoteDir, localTemplate, options));
  }

  /** A group of the members on which `predicate` gives a true value, or of the others. */
  filter(predicate: (this: void) => unknown, options?: FilterOptions): Promise<Group>;
  /**
   * A group of the members on which `predicate` gives a true value. To get the other members where
   * there are arguments, take the difference: `group.difference(await group.filter(fn, …))`.
   *
   * Rejects with a {@linkcode RemoteError} if any host could not answer, or with the reason of the
   * group's signal if that has aborted.
   *
   * @param predicate A function that is called on each.
   * @param args What to call it with. A single plain object with no key but `exclude` is not an
   * argument but the option.
   *
   * @example
   * ```ts
   * import { Group, Local } from "../mod.ts";
   *
   * await using group = new Group([new Local("a"), new Local("b", { env: { ROLE: "web" } })]);
   * const web = await group.filter((role) => Deno.env.get("ROLE") === role, "web");
   * console.log(web.hosts); // ["b"]
   * ```
   */
  filter<A extends unknown[]>(
    predicate: (this: void, ...args: A) => unknown,
    ...args: A
  ): Promise<Group>;
  async filter(fn: Callable, ...args: unknown[]): Promise<Group> {
    const options = filterOptions(args);
    const result = await this.call(fn, ...options === undefined ? args : []);
    const { signal } = limitsOf(this);
    if (signal?.aborted && !result.failures().next().done) throw signal.reason;
    const answers = result.raiseFailures();
    const exclude = options?.exclude ?? false;
    return this.intersection(this.hosts.filter((host) => Boolean(answers.get(host)) !== exclude));
  }

  async #perform<T>(operation: Operation<T>): Promise<GroupResult<T>> {
    return new GroupResult(await attemptAll(this, workOf(operation)));
  }

  static {
    setGrouping((tunnel) => new Group([tunnel]));
  }
}

/**
 * The options of a `filter()`, copied, if the arguments are nothing else.
 *
 * @throws {TypeError} If the option is of the wrong type.
 */
function filterOptions(args: readonly unknown[]): FilterOptions | undefined {
  const [options] = args;
  if (args.length !== 1 || typeof options !== "object" || options === null) return undefined;
  const prototype = Object.getPrototypeOf(options);
  if (prototype !== null && prototype !== Object.prototype) return undefined;
  const keys = Reflect.ownKeys(options);
  if (keys.length !== 1 || keys[0] !== "exclude") return undefined;
  const { exclude } = options as FilterOptions;
  checkBoolean("exclude", exclude);
  return { exclude };
}
