import { Local, SubprocessTunnel, type TunnelOptions } from "../../mod.ts";

/** Tunnels to processes here, with these names. */
export function locals(...names: string[]): Local[] {
  return names.map((name) => new Local(name));
}

/** A host that cannot be connected to. */
export function dead(name: string): Local {
  return new Local(name, { runtime: "deno", deno: "/opt/no-such-deno" });
}

/** A host that takes a connection and never says anything. */
export class Silent extends SubprocessTunnel {
  override readonly host: string;
  /** How often it was begun to connect there. */
  begun = 0;

  constructor(host: string, options: TunnelOptions = {}) {
    super(options);
    this.host = host;
  }

  override command(): string[] {
    this.begun++;
    return ["sh", "-c", "exec sleep 1000", "sh"];
  }
}

/** Many can wait for it, until it is opened. */
export class Gate {
  readonly opened: Promise<void>;
  open!: () => void;

  constructor() {
    this.opened = new Promise((resolve) => this.open = resolve);
  }
}
