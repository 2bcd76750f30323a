import type { ControllerInfo } from "../../agent/protocol/hello.ts";
import type { Channel } from "../../agent/wire/channel.ts";
import type { LoginOptions } from "../login/login.ts";
import type { ProvisionOptions } from "../provision_options.ts";
import type { BootstrapOptions } from "./bootstrap.ts";

/** Options for `AgentConnection`. */
export interface AgentConnectionOptions {
  readonly host: string;
  /** The argv of the process whose stdin and stdout are the pipe. */
  readonly command: readonly string[];
  /** Whether the process gets a session of its own, out of reach of the terminal. */
  readonly detached: boolean;
  /** The argv of a command that ends what the process has begun; see `PipeProcess`. */
  readonly cancelCommand?: readonly string[] | undefined;
  /**
   * Gives the argv that runs a command beside the agent, where nothing at the far end may notice
   * that the process is gone.
   */
  readonly beside?: ((command: readonly string[]) => readonly string[]) | undefined;
  /** Whether the time that connecting may take begins when there is a shell at the far end. */
  readonly queued?: boolean | undefined;
  /**
   * Whether no signal reaches the far end, which is on another machine or belongs to another user.
   */
  readonly outOfReach: boolean;
  /** Whether the pipe leads to a process of this machine, so that nothing need be compressed. */
  readonly isLocal: boolean;
  /** Who answers what the process asks, if it may ask something. */
  readonly login?: LoginOptions | undefined;
  readonly bootstrap: Omit<
    BootstrapOptions,
    "marker" | "killGroup" | "signInterval" | "connectTimeout" | "brought"
  >;
  /** How to bring Deno to a far end without an interpreter, if that may be done. */
  readonly provision?: ProvisionOptions | undefined;
  /** Milliseconds that connecting may take, or 0 for no limit. */
  readonly connectTimeout: number;
  /** Milliseconds between pings, or 0 for none. */
  readonly keepAlive: number;
  /** The data that the agent gets: the hosts on the way to it, and settings. */
  readonly info: ControllerInfo;
  /** Takes a line that the far end has printed. */
  readonly onLine: (line: string) => void;
  /** Whether lines that an error tells, since connecting has failed, are not passed on. */
  readonly holdsLines: boolean;
  /** The agent has opened a channel. */
  readonly onChannel: (channel: Channel, header: Uint8Array) => void;
  /** The connection is over. Called once. */
  readonly onEnd: (error: Error) => void;
}
