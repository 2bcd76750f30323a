import type { AgentInfo } from "../agent/protocol/hello.ts";
import { checkBoolean } from "../tunnel/arguments/check.ts";
import { type BaseTunnel, type Hosts, setGrouping } from "../tunnel/base_tunnel.ts";
import { typeError } from "../tunnel/misuse.ts";
import { prepareConnect } from "../tunnel/operation/connect.ts";
import { endedOnce, type Linked } from "../tunnel/operation/link.ts";
import type { Operation } from "../tunnel/operation/operation.ts";
import type { ArgsIfChanged, Received } from "../tunnel/received.ts";
import { Farm } from "./_farm.ts";
import { Followed } from "./_followed.ts";
import { ResultStream } from "./_result_stream.ts";
import { attemptAll, type Work, workOf } from "./attempts.ts";
import type { ErrorResult } from "./error_result.ts";
import { performOn } from "./file_operations.ts";
import { GroupResult } from "./group_result.ts";
import { limitsOf } from "./limits/limits.ts";
import { type MapOptions, type MapResult, mapWork } from "./map.ts";
import { type GroupOptions, Members } from "./members.ts";
import { callOn } from "./target.ts";

/** Options for {@linkcode Group.prototype.filter | Group.filter}. */
export interface FilterOptions {
  /**
   * Whether to keep the other members instead.
   *
   * @default {false}
   */
  readonly exclude?: boolean | undefined;
}

/** What {@linkcode Group.prototype.follow | Group.follow} can follow. */
export type Streamed<T> = AsyncIterable<T> | Iterable<T> | ReadableStream<T>;

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
 * Files are moved by {@linkcode FileOperations.prototype.put | put},
 * {@linkcode FileOperations.prototype.fetch | fetch},
 * {@linkcode FileOperations.prototype.sync | sync} and
 * {@linkcode FileOperations.prototype.fetchDir | fetchDir}. Other groups are made by
 * {@linkcode Members.prototype.with | with}, {@linkcode Members.prototype.batches | batches},
 * {@linkcode Members.prototype.union | union} and the other operations on sets.
 *
 * The tunnels are those that were given, not copies: a tunnel can be in several groups, and has one
 * connection. If a driver overrides methods such as `put`, a group does not call them: it works on
 * the connection itself. Only {@linkcode Group.prototype.each | each} hands out the tunnels.
 *
 * @example
 * ```ts
 * import { Group, Local } from "@chopsticks/chopsticks";
 * import { hostname } from "@chopsticks/chopsticks/facts";
 *
 * await using group = new Group([new Local("a"), new Local("b")]);
 * console.log(await group.call(hostname));
 * ```
 *
 * @example Hosts that are reached by ssh
 * ```ts ignore
 * import { Docker, Group } from "@chopsticks/chopsticks";
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
    return await performOn(this, prepareConnect());
  }

  /** Calls a function whose result arrives as another type: see {@linkcode Received}. */
  call<A extends unknown[], R>(
    fn: (this: void, ...args: A) => R,
    ...args: ArgsIfChanged<A, R>
  ): Promise<GroupResult<Received<R>>>;
  /**
   * Calls `fn` on every member. What to send is found out once for all of them; see
   * {@linkcode BaseTunnel.prototype.call | BaseTunnel.call}.
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
    return await performOn(this, callOn(this.hosts, fn, args));
  }

  /** Streams results that arrive as another type: see {@linkcode Received}. */
  stream<A extends unknown[], R>(
    fn: (this: void, ...args: A) => R,
    ...args: ArgsIfChanged<A, R>
  ): AsyncGenerator<[host: string, result: Received<R> | ErrorResult], void, void>;
  /**
   * Like {@linkcode Group.prototype.call | call}, but gives the results as they arrive. The
   * function and the arguments are taken as they are now; no host is begun before the first result
   * is asked for. Leaving the loop early ends the calls that still run, and begins no others.
   *
   * The first `next()` rejects if `call` would reject.
   *
   * @param fn Any function. The variables that it uses go along.
   * @param args What to call it with.
   * @returns For each host, its name with the value or the `ErrorResult`.
   *
   * @example The first that answers
   * ```ts
   * import { ErrorResult, Group, Local } from "@chopsticks/chopsticks";
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
    return new ResultStream(this, workLater(() => callOn(this.hosts, fn, args)));
  }

  /**
   * Has the members share work: each item is worked on by whichever member is free.
   *
   * Members are connected as they are needed, and work as soon as they are. A member whose
   * connection is lost is connected once more, and left out if that fails; its item goes to another
   * member, and is given up when that has happened with it five times. The items are read no faster
   * than they are worked on. Leaving the loop ends the calls that still run, and calls the items'
   * `return()`.
   *
   * The variables that `fn` uses are taken as they are when an item is begun. The first `next()`
   * rejects with a `TypeError` if `fn` cannot be sent. The loop throws, behind the results that
   * have arrived, the error of the items, the reason of a signal, or a {@linkcode RemoteError} when
   * no member is left or more are lost than `maxFailures` allows.
   *
   * @param items What to work on; a stream may have no end.
   * @param fn What to call with each.
   * @param options How many at once, how often again, and cancellation. Default: `{}`.
   * @returns For each item, what became of it, as soon as that is known.
   *
   * @example
   * ```ts
   * import { Group, Local } from "@chopsticks/chopsticks";
   *
   * await using farm = new Group([new Local("a"), new Local("b")]);
   * const square = (n: number) => n * n;
   * for await (const { item, value, host } of farm.map([1, 2, 3], square)) {
   *   console.log(`${item}² is ${value}, says ${host}`);
   * }
   * ```
   */
  map<I, R>(
    items: Iterable<I> | AsyncIterable<I>,
    fn: (this: void, item: I) => R,
    options: MapOptions = {},
  ): AsyncGenerator<MapResult<I, Received<R>>, void, void> {
    return new Farm(this, mapWork(items, fn, options));
  }

  /**
   * Merges streams: calls `fn`, which gives a stream, on every member, and yields what the streams
   * yield as it comes. A member that fails yields one `ErrorResult`. Leaving the loop ends all.
   *
   * At most {@linkcode Members.prototype.concurrency | concurrency} members are connected and begun
   * at a time; all streams that have begun are followed. The first `next()` rejects if
   * {@linkcode Group.prototype.call | call} would reject.
   *
   * @param fn A function that returns an async iterable, a `ReadableStream` or an iterable.
   * @param args What to call it with.
   * @returns For each item, the host and the item.
   *
   * @example
   * ```ts
   * import { ErrorResult, Group, Local } from "@chopsticks/chopsticks";
   * import { lines } from "@chopsticks/chopsticks/sh";
   *
   * await using group = new Group([new Local("a"), new Local("b")]);
   * for await (const [host, line] of group.follow(lines, "uptime; date")) {
   *   console.log(host, line instanceof ErrorResult ? line.msg : line);
   * }
   * ```
   */
  follow<A extends unknown[], T>(
    fn: (this: void, ...args: A) => Streamed<T> | Promise<Streamed<T>>,
    ...args: A
  ): AsyncGenerator<[host: string, item: T | ErrorResult], void, void> {
    const prepare = workLater(() => callOn(this.hosts, fn, args));
    return new Followed(this, prepare);
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
   * import { Group, Local } from "@chopsticks/chopsticks";
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
      throw typeError(`Cannot do ${String(work)} on each: it is not a function`);
    }
    return new GroupResult(
      await attemptAll<BaseTunnel, Awaited<T>>(this, {
        ready: undefined,
        signal: undefined,
        perform: async (tunnel): Promise<Awaited<T>> => await work(endedOnce(tunnel)),
      }),
    );
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
   * import { Group, Local } from "@chopsticks/chopsticks";
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

  static {
    setGrouping((tunnel) => new Group([tunnel]));
  }
}

/** Prepares an operation now. The function that is returned throws what was wrong with it. */
function workLater<T>(prepare: () => Operation<T>): () => Work<Linked, T> {
  try {
    const work = workOf(prepare());
    return () => work;
  } catch (error) {
    return () => {
      throw error;
    };
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
