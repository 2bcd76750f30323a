import { checkKeys, checkPlain } from "../tunnel/arguments/check.ts";
import { BaseTunnel, type Hosts } from "../tunnel/base_tunnel.ts";
import { rangeError, typeError } from "../tunnel/misuse.ts";
import { anySignal } from "../tunnel/session/abort_signal.ts";
import { SSHTunnel, type SSHTunnelOptions } from "../tunnel/ssh_tunnel.ts";
import { checkWithOptions, type WithOptions } from "../tunnel/tunnel_options.ts";
import { visible } from "../tunnel/visible.ts";
import { budgetOf } from "./attempts.ts";
import { FileOperations } from "./file_operations.ts";
import type { Group } from "./group.ts";
import { hasRange } from "./ranges/expand.ts";
import { type Limits, limitsOf, setLimits } from "./limits/limits.ts";
import { checkShare, shareOf } from "./limits/share.ts";
import { htmlTable } from "./table/html_table.ts";
import { defineLooks } from "./table/show.ts";

/** Options for {@linkcode Group}. */
export interface GroupOptions {
  /**
   * How many members are worked on at a time in one operation, a positive integer or `Infinity`.
   * The others wait until one of these is done, or has failed.
   *
   * @default {100}
   */
  readonly concurrency?: number | undefined;
  /**
   * Options for the members that are given as hostnames.
   *
   * @default {none}
   */
  readonly ssh?: SSHTunnelOptions | undefined;
}

/** Options for {@linkcode Members.prototype.with | Group.with}. */
export interface GroupWithOptions extends WithOptions {
  /**
   * How many hosts may fail in an operation, as a number or, such as `"10%"`, as a part of the
   * group. Once more hosts have failed, no other host is begun; those that were not begun have an
   * `ErrorResult` that is `skipped`.
   *
   * @default {Infinity}
   */
  readonly maxFailures?: number | string | undefined;
}

/** The defaults of {@linkcode GroupOptions}. */
const DEFAULTS: { readonly concurrency: number; readonly ssh: SSHTunnelOptions } = {
  concurrency: 100,
  ssh: {},
};

/**
 * The members of a {@linkcode Group}: which tunnels they are, how to make groups of other members,
 * and the limits that the group works under.
 */
export abstract class Members extends FileOperations implements Iterable<BaseTunnel> {
  /** How many members are worked on at a time. */
  override readonly concurrency: number;
  readonly #ssh: SSHTunnelOptions;
  /** The members as they were given, by their hosts. */
  readonly #members: ReadonlyMap<string, BaseTunnel>;
  /** The members, or views of them if the group has a signal. */
  #tunnels: readonly BaseTunnel[];

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
    super();
    // A call such as new Group("web1", "web2") gives no object here.
    checkPlain(options);
    checkKeys(options, "concurrency", "ssh");
    const { concurrency = DEFAULTS.concurrency, ssh = DEFAULTS.ssh } = options;
    if (!(Number.isInteger(concurrency) && concurrency > 0) && concurrency !== Infinity) {
      throw rangeError(`concurrency is ${concurrency}: expected an integer, at least 1`);
    }
    const members = new Map<string, BaseTunnel>();
    for (const member of membersOf(hosts)) {
      const tunnel = typeof member === "string" ? new SSHTunnel(member, ssh) : member;
      if (members.has(tunnel.host)) {
        throw typeError(
          `Two members of the group have the host ${tunnel.host}: ` +
            "give them names, as by the option `name` of a tunnel",
        );
      }
      members.set(tunnel.host, tunnel);
    }
    this.concurrency = concurrency;
    this.#ssh = ssh;
    this.#members = members;
    this.#tunnels = Object.freeze([...members.values()]);
  }

  /** The members, in order. If the group has a signal, it ends their operations, too. */
  override get tunnels(): readonly BaseTunnel[] {
    return this.#tunnels;
  }

  /** The members' hosts, in order. */
  override get hosts(): string[] {
    return [...this.#members.keys()];
  }

  /** How many members there are. */
  override get size(): number {
    return this.#members.size;
  }

  /**
   * The member with this host; `undefined` if there is none. If the group has a signal, it ends the
   * member's operations, too.
   *
   * @param host The host, as {@linkcode BaseTunnel.prototype.host | host} of the member gives it.
   */
  get(host: string): BaseTunnel | undefined {
    return this.#tunnels.find((tunnel) => tunnel.host === host);
  }

  /** Goes through the members. */
  [Symbol.iterator](): ArrayIterator<BaseTunnel> {
    return this.#tunnels.values();
  }

  /** Makes the groups that the methods here return. */
  protected abstract make(hosts: Iterable<BaseTunnel>, options: GroupOptions): Group;

  /**
   * The same group, with the same connections, under limits.
   *
   * An abort does not reject: results that have arrived by then stay, and the other hosts have an
   * `ErrorResult` that is `aborted`.
   *
   * @param options A signal, which counts beside one that the group has already, and how many hosts
   * may fail.
   * @throws {TypeError} If an option is of the wrong type.
   * @throws {RangeError} If `maxFailures` is not a number of hosts.
   *
   * @example At most a second
   * ```ts
   * import { Group, Local } from "@chopsticks/chopsticks";
   *
   * await using group = new Group([new Local("a"), new Local("b")]);
   * console.log(await group.with({ signal: AbortSignal.timeout(1_000) }).call(Date.now));
   * ```
   */
  with(options: GroupWithOptions): Group {
    checkWithOptions(options, "maxFailures");
    const { maxFailures } = options;
    if (maxFailures !== undefined) checkShare("maxFailures", maxFailures, 0);
    const own = limitsOf(this);
    const signal = anySignal(own.signal, options.signal);
    return this.#derive(this.#members.values(), {
      ...maxFailures === undefined ? own : { maxFailures },
      ...signal === undefined ? {} : { signal },
    });
  }

  /**
   * The members in groups of a few, to work on them one batch after the other.
   *
   * If the group has `maxFailures`, it counts hosts over all of these batches and all operations on
   * them: once more have failed, the batches that are left skip all their hosts.
   *
   * @param size How many members a batch has, as a number or, such as `"25%"`, as a part of the
   * group, rounded up. The last batch has the rest.
   * @throws {TypeError} If the size is neither a number nor a percentage.
   * @throws {RangeError} If the size is less than one.
   *
   * @example
   * ```ts
   * import { Group, Local } from "@chopsticks/chopsticks";
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
    const own = limitsOf(this);
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
   * This group's members, and then the members of `other` that have other hosts.
   *
   * @param other A tunnel, a group, or hosts and tunnels.
   * @returns A group with this group's options.
   */
  union(other: Hosts): Group {
    return this.#derive([...this.#members.values(), ...this.#othersOf(other)]);
  }

  /**
   * This group's members whose hosts are in `other`.
   *
   * @param other A tunnel, a group, or hosts and tunnels.
   * @returns A group with this group's options.
   */
  intersection(other: Hosts): Group {
    const hosts = hostsOf(other);
    return this.#derive([...this.#members.values()].filter(({ host }) => hosts.has(host)));
  }

  /**
   * This group's members whose hosts are not in `other`.
   *
   * @param other A tunnel, a group, or hosts and tunnels.
   * @returns A group with this group's options.
   */
  difference(other: Hosts): Group {
    const hosts = hostsOf(other);
    return this.#derive([...this.#members.values()].filter(({ host }) => !hosts.has(host)));
  }

  /**
   * The members whose hosts are in only one of the two: first those of this group.
   *
   * @param other A tunnel, a group, or hosts and tunnels.
   * @returns A group with this group's options.
   */
  symmetricDifference(other: Hosts): Group {
    return this.difference(other).union(this.#othersOf(other));
  }

  /**
   * Closes the members, side by side; see
   * {@linkcode BaseTunnel.prototype.close | BaseTunnel.close}. They can be used again. An operation
   * that has not begun on a member yet uses it again, too; a signal would end that.
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
  override toString(): string {
    return `Group([${this.#tunnels.join(", ")}])`;
  }

  /** A group of other members that is like this one otherwise. */
  #derive(members: Iterable<BaseTunnel>, limits: Limits = limitsOf(this)): Group {
    const group = this.make(members, { concurrency: this.concurrency, ssh: this.#ssh });
    setLimits(group, limits);
    const { signal } = limits;
    if (signal !== undefined) {
      group.#tunnels = Object.freeze(group.#tunnels.map((tunnel) => tunnel.with({ signal })));
    }
    return group;
  }

  /**
   * The members of `other` that are not in this group. Of those with one host, the first counts.
   */
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
    defineLooks<Members>(this.prototype, {
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
  }
}

function hostsOf(hosts: Hosts): Set<string> {
  return new Set(membersOf(hosts).map((one) => typeof one === "string" ? one : one.host));
}

/** @throws {TypeError} If anything is neither a hostname nor a tunnel. */
function membersOf(hosts: Hosts): (string | BaseTunnel)[] {
  if (hosts instanceof BaseTunnel) return [hosts];
  if (typeof hosts === "string") {
    const text = JSON.stringify(hosts);
    throw typeError(`hosts is ${text}: expected an array of hosts, such as hosts(${text})`);
  }
  if (typeof hosts?.[Symbol.iterator] !== "function") {
    throw typeError(`hosts is ${hosts}: expected an array of hosts and tunnels`);
  }
  const members = [...hosts];
  for (const [i, member] of members.entries()) {
    if (typeof member !== "string" && !((member as unknown) instanceof BaseTunnel)) {
      throw typeError(`hosts[${i}] is ${member}: expected a hostname or a tunnel`);
    }
    if (typeof member === "string" && hasRange(member)) {
      const text = JSON.stringify(member);
      throw typeError(`hosts[${i}] is ${text}: a range has to be expanded by hosts(${text})`);
    }
  }
  return members;
}
