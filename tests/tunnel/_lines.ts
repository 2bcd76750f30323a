import { soon } from "./_deadline.ts";

/** Takes the lines that a far end prints, and waits for lines that have not come yet. */
export class Lines {
  readonly all: string[] = [];
  readonly hosts: Set<string> = new Set();
  #waiting: { readonly isDone: () => boolean; resolve(): void }[] = [];

  /** For the option `stderr` of a tunnel. */
  readonly take = (line: string, host: string): void => {
    this.all.push(line);
    this.hosts.add(host);
    this.#waiting = this.#waiting.filter((one) => {
      if (!one.isDone()) return true;
      one.resolve();
      return false;
    });
  };

  /** Resolves when this line, or a line that passes this test, has come. */
  async until(line: string | ((line: string) => boolean)): Promise<void> {
    const isIt = typeof line === "string" ? (one: string): boolean => one === line : line;
    let at = 0;
    const isDone = (): boolean => {
      for (; at < this.all.length; at++) if (isIt(this.all[at]!)) return true;
      return false;
    };
    if (isDone()) return;
    const come = new Promise<void>((resolve) => this.#waiting.push({ isDone, resolve }));
    await soon(come, `the line ${line}`).catch((error) => {
      throw new Error(`The last lines are ${Deno.inspect(this.all.slice(-5))}`, { cause: error });
    });
  }
}
