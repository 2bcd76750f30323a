import type { AgentInfo } from "../agent/protocol/hello.ts";
import { BaseTunnel } from "../tunnel/base_tunnel.ts";
import type {
  FetchedBytes,
  FetchOptions,
  FetchResult,
  PutOptions,
  PutResult,
  PutSource,
  SyncOptions,
  SyncResult,
} from "../tunnel/file_options.ts";
import { setGrouping } from "../tunnel/_grouping.ts";
import { abortable, anySignal } from "../tunnel/operation/operation.ts";
import { SSHTunnel, type SSHTunnelOptions } from "../tunnel/ssh_tunnel.ts";
import { checkKeys, checkPlain } from "../tunnel/arguments/check.ts";
import { checkWithOptions, type WithOptions } from "../tunnel/tunnel_options.ts";
import { visible } from "../tunnel/visible.ts";
import { bounded } from "./_bounded.ts";
import { checkFile } from "./_check_file.ts";
import { htmlTable } from "./table/html_table.ts";
import { type Limits, limits } from "./_limits.ts";
import { ResultStream } from "./_result_stream.ts";
import { checkShare, shareOf } from "./_share.ts";
import { defineLooks } from "./table/show.ts";
import { attempts, budgetOf, readiness } from "./attempts.ts";
import type { ErrorResult } from "./error_result.ts";
import { GroupResult } from "./group_result.ts";
import {
  callOperation,
  connectOperation,
  fetchDirOperation,
  fetchOperation,
  type Operation,
  putOperation,
  syncOperation,
} from "./target.ts";

/**
 * What stands for tunnels: a tunnel, a group, or hosts and tunnels in an array or another iterable.
 * A host is reached by ssh.
 */
export type Hosts = BaseTunnel | Iterable<string | BaseTunnel>;

/** Options for {@linkcode Group}. */
export interface GroupOptions {
  /**
   * How many members are worked on at a time, in one operation. The others wait until one of these is done, or
   * has failed.
   *
   * @default 100
   */
  readonly concurrency?: number;
  /** Options for the members that are given as hostnames. */
  readonly ssh?: SSHTunnelOptions;
}

/** Options for {@linkcode Group.with}. */
export interface GroupWithOptions extends WithOptions {
  /**
   * How many hosts may fail in an operation, as a number or, such as `"10%"`, as a part of the group. Once more
   * have failed, no other host is begun; those left alone have an `ErrorResult` that is `skipped`.
   *
   * @default Infinity
   */
  readonly maxFailures?: number | string;
}

/** Options for {@linkcode Group.filter}. */
export interface FilterOptions {
  /**
   * Whether to keep the others.
   *
   * @default false
   */
  readonly exclude?: boolean;
}

/** The defaults of {@linkcode GroupOptions}. */
const DEFAULTS: { readonly concurrency: number; readonly ssh: SSHTunnelOptions } = {
  concurrency: 100,
  ssh: {},
};

/**
 * Several tunnels, to do the same on all of them, side by side.
 *
 * An operation gives a {@linkcode GroupResult}, which has a value or an `ErrorResult` for each host: what happens on
 * one host neither hides the others nor, unless there are more members than `concurrency` admits, holds them up. Only
 * what is wrong with the operation itself, such as a function that cannot be sent, rejects; then nothing has been begun.
 *
 * The tunnels are those that were given, not copies: a tunnel can be in several groups, and has one connection.
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
export class Group implements Iterable<BaseTunnel> {
  /** How many members are worked on at a time. */
  readonly concurrency: number;
  readonly #ssh: SSHTunnelOptions;
  /** As they were given, by their hosts. */
  readonly #members: ReadonlyMap<string, BaseTunnel>;
  /** Views of them that have the group's signal, if it has one. */
  #tunnels: readonly BaseTunnel[];

  /**
   * Collects the members. Nothing is connected yet.
   *
   * @param hosts Hostnames and tunnels, mixed; or a group, or a tunnel.
   * @param options How many at a time, and how to reach hostnames. Default: `{}`.
   * @throws {TypeError} If two members have one host, a member is neither a hostname nor a tunnel, or there is no option
   * of some name.
   * @throws {RangeError} If the concurrency is not a number of members.
   */
  constructor(hosts: Hosts, options: GroupOptions = {}) {
    // It is not in new Group("web1", "web2").
    checkPlain(options);
    checkKeys(options, "concurrency", "ssh");
    const { concurrency = DEFAULTS.concurrency, ssh = DEFAULTS.ssh } = options;
    if (!(Number.isInteger(concurrency) && concurrency > 0) && concurrency !== Infinity) {
      throw new RangeError(`concurrency is ${concurrency}: expected an integer, at least 1`);
    }
    const members = new Map<string, BaseTunnel>();
    for (const member of membersOf(hosts)) {
      const tunnel = typeof member === "string" ? new SSHTunnel(member, ssh) : member;
      if (members.has(tunnel.host)) {
        throw new TypeError(`Two members of the group have the host ${tunnel.host}`);
      }
      members.set(tunnel.host, tunnel);
    }
    this.concurrency = concurrency;
    this.#ssh = ssh;
    this.#members = members;
    this.#tunnels = Object.freeze([...members.values()]);
    limits.set(this, {});
  }

  /** The members, in order. If the group has a signal, it ends their operations, too. */
  get tunnels(): readonly BaseTunnel[] {
    return this.#tunnels;
  }

  /** The members' hosts, in order. */
  get hosts(): string[] {
    return [...this.#members.keys()];
  }

  /** How many members there are. */
  get size(): number {
    return this.#members.size;
  }

  /** Goes through the members. */
  [Symbol.iterator](): ArrayIterator<BaseTunnel> {
    return this.#tunnels.values();
  }

  /**
   * Connects the members that are not connected.
   *
   * @returns What each agent tells of itself.
   */
  async connect(): Promise<GroupResult<AgentInfo>> {
    return await this.#perform(connectOperation());
  }

  /**
   * Calls `fn` on every member. What is to be sent is found out once for all of them; see {@linkcode BaseTunnel.call}.
   *
   * Rejects with a `TypeError` if the function or an argument cannot be sent, or if a stream, which only one
   * host can read, is to be sent to several.
   *
   * @param fn Any function: what it uses of what is around it goes along.
   * @param args What to call it with.
   * @returns What it returned on each host, awaited.
   */
  async call<A extends unknown[], R>(
    fn: (...args: A) => R,
    ...args: A
  ): Promise<GroupResult<Awaited<R>>> {
    return await this.#perform(callOperation(this.#tunnels, fn, args));
  }

  /**
   * Like {@linkcode call}, but gives the results as they arrive. The function and the arguments are taken as they
   * are now; nothing is begun before the first result is asked for. Leaving the loop early ends what still
   * runs, and begins nothing more.
   *
   * The first `next()` rejects with what `call` would reject with.
   *
   * @param fn Any function: what it uses of what is around it goes along.
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
    fn: (...args: A) => R,
    ...args: A
  ): AsyncGenerator<[host: string, result: Awaited<R> | ErrorResult], void, void> {
    let operation: Operation<Awaited<R>> | undefined;
    let misuse: unknown;
    try {
      operation = callOperation(this.#tunnels, fn, args);
    } catch (error) {
      misuse = error;
    }
    return new ResultStream(this, () => {
      if (operation === undefined) throw misuse;
      return operation;
    });
  }

  /**
   * Has a function of this end work on every member: several steps on each, under the limits of the group. What
   * it throws is the failure of that host.
   *
   * @param work What to do with a member. If the group has a signal, the member's operations end with it.
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
  async each<T>(
    work: (tunnel: BaseTunnel) => T,
  ): Promise<GroupResult<Awaited<T>>> {
    if (typeof work !== "function") {
      throw new TypeError(`Cannot do ${String(work)} on each: it is not a function`);
    }
    const { signal } = limits.get(this)!;
    const perform = async (tunnel: BaseTunnel): Promise<Awaited<T>> => await work(tunnel);
    return await this.#perform({
      ready: undefined,
      signal: undefined,
      perform: (tunnel) => abortable(perform(tunnel), signal),
    });
  }

  /**
   * Writes a file on every member; see {@linkcode BaseTunnel.put}.
   *
   * Rejects with a `TypeError` or `RangeError` if there is something wrong with the arguments, such as a stream for
   * several hosts, and with an `Error` if there is no such file here.
   *
   * @param source A path or `file:` URL, or the contents.
   * @param remotePath The path there. Without it each host makes a temporary file.
   * @param options Mode, progress and cancellation; an abort counts as one of the group's does. Default: `{}`.
   */
  async put(
    source: PutSource,
    remotePath?: string | URL,
    options: PutOptions = {},
  ): Promise<GroupResult<PutResult>> {
    const operation = putOperation(this.#tunnels, source, remotePath, options);
    if (typeof source === "string" || source instanceof URL) await checkFile("put", source);
    return await this.#perform(operation);
  }

  /**
   * Reads a file of every member into memory.
   *
   * @param remotePath The path there.
   * @param localPath `null`.
   * @param options Progress and cancellation; an abort counts as one of the group's does. Default: `{}`.
   */
  fetch(
    remotePath: string | URL,
    localPath: null,
    options?: FetchOptions,
  ): Promise<GroupResult<FetchedBytes>>;
  /**
   * Copies a file from every member; see {@linkcode BaseTunnel.fetch}.
   *
   * Rejects with a `TypeError` if the template has no `{host}`, if two hosts would write one path, or if a host's name
   * is none for a file, so that the path would lead elsewhere, as with `../../etc`.
   *
   * @param remotePath The path there.
   * @param localTemplate The path here, or a `file:` URL, in which `{host}` stands for the host. Without it a
   * temporary file is made for each host.
   * @param options Progress and cancellation; an abort counts as one of the group's does. Default: `{}`.
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
  async fetch(
    remotePath: string | URL,
    localTemplate?: string | URL | null,
    options: FetchOptions = {},
  ): Promise<GroupResult<FetchResult | FetchedBytes>> {
    const operation = fetchOperation(this.#tunnels, remotePath, localTemplate, options);
    return await this.#perform(operation as Operation<FetchResult | FetchedBytes>);
  }

  /**
   * Makes a folder on every member the same as one here; see {@linkcode BaseTunnel.sync}.
   *
   * Rejects with a `TypeError` if there is something wrong with the arguments, and with an `Error` if there is
   * no such folder here.
   *
   * @param localDir The folder here, by path or `file:` URL.
   * @param remoteDir The folder there, which is made if need be.
   * @param options What to leave alone, how to compare, whether to remove. Default: `{}`.
   */
  async sync(
    localDir: string | URL,
    remoteDir: string | URL,
    options: SyncOptions = {},
  ): Promise<GroupResult<SyncResult>> {
    const operation = syncOperation(this.#tunnels, localDir, remoteDir, options);
    await checkFile("sync", localDir);
    return await this.#perform(operation);
  }

  /**
   * Makes folders here the same as one on each member; see {@linkcode BaseTunnel.fetchDir}.
   *
   * Rejects with a `TypeError` for templates that {@linkcode fetch} does not take.
   *
   * @param remoteDir The folder there.
   * @param localTemplate The folder here, by path or `file:` URL, in which `{host}` stands for the host.
   * @param options What to leave alone, how to compare, whether to remove. Default: `{}`.
   */
  async fetchDir(
    remoteDir: string | URL,
    localTemplate: string | URL,
    options: SyncOptions = {},
  ): Promise<GroupResult<SyncResult>> {
    return await this.#perform(fetchDirOperation(this.#tunnels, remoteDir, localTemplate, options));
  }

  /**
   * A group of the members on which `predicate` gives a true value.
   *
   * Rejects with a {@linkcode RemoteError} if any host could not answer, or with the reason of the group's
   * signal if that has aborted.
   *
   * @param predicate A function that is called on each.
   * @param options Whether to keep the others instead. Default: `{}`.
   *
   * @example
   * ```ts
   * import { Group, Local } from "../mod.ts";
   *
   * await using group = new Group([new Local("a"), new Local("b", { env: { ROLE: "web" } })]);
   * const web = await group.filter(() => Deno.env.get("ROLE") === "web");
   * console.log(web.hosts); // ["b"]
   * ```
   */
  async filter(predicate: () => unknown, options: FilterOptions = {}): Promise<Group> {
    const { exclude = false } = options;
    const result = await this.call(predicate);
    const { signal } = limits.get(this)!;
    if (signal?.aborted && !result.failures().next().done) throw signal.reason;
    const answers = result.raiseFailures();
    return this.#derive(
      [...this.#members].flatMap(([host, tunnel]) =>
        Boolean(answers.get(host)) === exclude ? [] : [tunnel]
      ),
    );
  }

  /**
   * The same group, with the same connections, under limits.
   *
   * An abort does not reject: results that have arrived by then stay, and the other hosts have
   * an `ErrorResult` that is `aborted`.
   *
   * @param options A signal, which counts beside one that the group has already, and how many hosts may fail.
   * @throws {TypeError} If an option is not what it should be.
   * @throws {RangeError} If `maxFailures` is no number of hosts.
   *
   * @example At most a second
   * ```ts
   * import { Group, Local } from "../mod.ts";
   *
   * await using group = new Group([new Local("a"), new Local("b")]);
   * console.log(await group.with({ signal: AbortSignal.timeout(1_000) }).call(Date.now));
   * ```
   */
  with(options: GroupWithOptions): Group {
    checkWithOptions(options, "maxFailures");
    const { signal, maxFailures } = options;
    const own = limits.get(this)!;
    if (maxFailures !== undefined) checkShare("maxFailures", maxFailures, 0);
    const both = own.signal && signal ? anySignal(own.signal, signal) : signal ?? own.signal;
    return this.#derive(this.#members.values(), {
      ...maxFailures === undefined ? own : { maxFailures },
      ...both === undefined ? {} : { signal: both },
    });
  }

  /**
   * The members in groups of a few, to work on them one batch after the other.
   *
   * If the group has `maxFailures`, it counts hosts over all of these batches and all operations on
   * them: once more have failed, the batches that are left skip all their hosts.
   *
   * @param size How many members a batch has, as a number or, such as `"25%"`, as a part of the group, rounded
   * up. The last batch has what is left.
   * @throws {RangeError} If that is less than one.
   *
   * @example
   * ```ts
   * import { Group, Local } from "../mod.ts";
   *
   * await using group = new Group([new Local("a"), new Local("b"), new Local("c")]);
   * for (const batch of group.with({ maxFailures: 1 }).batches(2)) {
   *   console.log(await batch.call(Date.now));
   * }
   * ```
   */
  batches(size: number | string): Group[] {
    checkShare("size", size, 1);
    const step = Math.max(1, Math.ceil(shareOf(size, this.size)));
    const own = limits.get(this)!;
    const budget = own.budget ?? budgetOf(this);
    const shared = budget === undefined ? own : { ...own, budget };
    const members = [...this.#members.values()];
    const batches: Group[] = [];
    for (let at = 0; at < members.length; at += step) {
      batches.push(this.#derive(members.slice(at, at + step), shared));
    }
    return batches;
  }

  /**
   * This group's members, and those of `other` that have other hosts.
   *
   * @param other A tunnel, a group, or hosts and tunnels.
   * @returns A group with this one's options.
   */
  union(other: Hosts): Group {
    return this.#derive([...this.#members.values(), ...this.#othersOf(other)]);
  }

  /**
   * This group's members whose hosts are in `other`.
   *
   * @param other A tunnel, a group, or hosts and tunnels.
   * @returns A group with this one's options.
   */
  intersection(other: Hosts): Group {
    const hosts = hostsOf(other);
    return this.#derive([...this.#members.values()].filter(({ host }) => hosts.has(host)));
  }

  /**
   * This group's members whose hosts are not in `other`.
   *
   * @param other A tunnel, a group, or hosts and tunnels.
   * @returns A group with this one's options.
   */
  difference(other: Hosts): Group {
    const hosts = hostsOf(other);
    return this.#derive([...this.#members.values()].filter(({ host }) => !hosts.has(host)));
  }

  /**
   * What is in one of the two only, by host: this group's members first.
   *
   * @param other A tunnel, a group, or hosts and tunnels.
   * @returns A group with this one's options.
   */
  symmetricDifference(other: Hosts): Group {
    return this.difference(other).union(this.#othersOf(other));
  }

  /**
   * Closes the members, side by side; see {@linkcode BaseTunnel.close}. They can be used again, and are by an
   * operation that has not begun on them yet: what ends that is a signal.
   */
  async close(): Promise<void> {
    const closings = await Promise.allSettled(this.#tunnels.map((tunnel) => tunnel.close()));
    for (const closing of closings) if (closing.status === "rejected") throw closing.reason;
  }

  /** Closes the members at the end of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The members, such as `Group([Docker('docker1'), Docker('docker2')])`. */
  toString(): string {
    return `Group([${this.#tunnels.join(", ")}])`;
  }

  async #perform<T>(operation: Operation<T>): Promise<GroupResult<T>> {
    await readiness(this, operation);
    const attempt = attempts(this, operation);
    const results: [string, T | ErrorResult][] = [];
    await bounded(this.#tunnels, this.concurrency, async (tunnel, index) => {
      results[index] = [tunnel.host, await attempt(tunnel)];
    });
    return new GroupResult(results);
  }

  /** A group of other members, that is like this one otherwise. */
  #derive(members: Iterable<BaseTunnel>, own: Limits = limits.get(this)!): Group {
    const group = new Group(members, { concurrency: this.concurrency, ssh: this.#ssh });
    limits.set(group, own);
    const { signal } = own;
    if (signal !== undefined) {
      group.#tunnels = Object.freeze(group.#tunnels.map((tunnel) => tunnel.with({ signal })));
    }
    return group;
  }

  /** What is in `other` and not in this group. Of those with one host, the first counts. */
  #othersOf(other: Hosts): BaseTunnel[] {
    const others = new Map<string, BaseTunnel>();
    for (const member of membersOf(other)) {
      const tunnel = typeof member === "string" ? new SSHTunnel(member, this.#ssh) : member;
      if (!this.#members.has(tunnel.host) && !others.has(tunnel.host)) {
        others.set(tunnel.host, tunnel);
      }
    }
    return [...others.values()];
  }

  static {
    defineLooks<Group>(this.prototype, {
      text: (group) => visible(group.toString()),
      html: (group) =>
        htmlTable(
          `Group of ${group.size}`,
          ["Host", "Tunnel", "Agent"],
          group.tunnels.map(({ host, info, constructor }) => [
            host,
            constructor.name,
            info === undefined ? "not connected" : `${info.runtime} ${info.version} on ${info.os}`,
          ]),
        ),
    });
    setGrouping((tunnel) => new Group([tunnel]));
  }
}

function hostsOf(hosts: Hosts): Set<string> {
  return new Set(membersOf(hosts).map((one) => typeof one === "string" ? one : one.host));
}

/** @throws {TypeError} If there is anything else among them. */
function membersOf(hosts: Hosts): (string | BaseTunnel)[] {
  if (hosts instanceof BaseTunnel) return [hosts];
  if (typeof hosts === "string") {
    throw new TypeError(`hosts is ${JSON.stringify(hosts)}: expected an array of hosts`);
  }
  if (typeof hosts?.[Symbol.iterator] !== "function") {
    throw new TypeError(`hosts is ${hosts}: expected an array of hosts and tunnels`);
  }
  const members = [...hosts];
  for (const [i, member] of members.entries()) {
    if (typeof member !== "string" && !((member as unknown) instanceof BaseTunnel)) {
      throw new TypeError(`hosts[${i}] is ${member}: expected a hostname or a tunnel`);
    }
  }
  return members;
}
