import type { SSHTunnelOptions } from "../../tunnel/ssh_tunnel.ts";
import type { ExpandedTerm } from "../ranges/expand_terms.ts";

/** A host of an inventory. */
export interface HostEntry {
  /** What it is reached by, if that is not its name. */
  readonly address?: string | undefined;
  /** How to reach it. */
  readonly connect: SSHTunnelOptions;
  /** All else that the inventory says of it. */
  readonly vars: Readonly<Record<string, unknown>>;
}

/** What an inventory holds, wherever it comes from. */
export interface Entries {
  readonly hosts: Map<string, HostEntry>;
  /** Each group with what is in it: names of hosts and of other groups. */
  readonly groups: ReadonlyMap<string, readonly ExpandedTerm[]>;
}
