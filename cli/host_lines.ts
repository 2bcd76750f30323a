import { HeldLines } from "../tunnel/connection/held_lines.ts";

/**
 * The lines that hosts print beside their results. Those of a host that is not connected yet are
 * held back: if connecting fails, the reason tells them.
 */
export class HostLines {
  readonly #print: (line: string, host: string) => void;
  readonly #held = new Map<string, HeldLines>();

  constructor(print: (line: string, host: string) => void) {
    this.#print = print;
  }

  /** A host prints a line. */
  push(line: string, host: string, isConnected: boolean): void {
    let held = this.#held.get(host);
    if (held === undefined) {
      held = new HeldLines((line) => this.#print(line, host));
      this.#held.set(host, held);
    }
    if (isConnected) held.open();
    held.push(line);
  }

  /** The work on a host is over. */
  end(host: string, isConnected: boolean): void {
    const held = this.#held.get(host);
    if (isConnected) held?.open();
    else held?.drop();
  }
}
