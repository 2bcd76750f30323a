import type { BaseTunnel } from "../base_tunnel.ts";
import type { Session } from "../session/session.ts";

/** What all views of a tunnel share; see `BaseTunnel.with()`. */
export interface Core {
  /** Starts a connection; `onEnd` is called when it is over. */
  open(onEnd: () => void): Session;
  session: Session | undefined;
  /** How often the tunnel has been closed: what was begun before does not connect afterwards. */
  closings: number;
  /** Resolves when the last connection's process is gone: a container's name is free again then. */
  gone: Promise<void>;
}

/**
 * The core of each tunnel. Not a #private field: a view of a tunnel is an object whose prototype
 * is the tunnel, and it has no such fields.
 */
export const cores: WeakMap<BaseTunnel, Core> = new WeakMap();

/** How a tunnel's process is started: what only the library's own drivers say of themselves. */
export interface Launch {
  /** Whether the process stays at the terminal, so that it can ask the user there. */
  readonly atTerminal?: boolean;
  /** Whether the far end may belong to a user whose processes this one cannot signal. */
  readonly otherUser?: boolean;
  /** Whether the far end is this machine and this user: then Deno's cache, which this process writes too, may be used. */
  readonly sameUser?: boolean;
  /** Whether the far end is this machine: then this process's own interpreter is the first choice. */
  readonly here?: boolean;
}

/** How the tunnels are started that are not started as any other. */
export const launches: WeakMap<BaseTunnel, Launch> = new WeakMap();
