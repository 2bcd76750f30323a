import { type ChildProcess, spawn } from "node:child_process";

/** A `cat` that sends all input back, through the same kind of pipe as a tunnel's. */
export class Echo implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #missing = 0;
  #arrived: () => void = () => {};

  constructor(command: readonly string[]) {
    const [program, ...args] = command as [string, ...string[]];
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#exited = new Promise((resolve) => this.#child.on("close", () => resolve()));
    this.#child.stdout!.on("data", (chunk: Uint8Array) => {
      this.#missing -= chunk.length;
      if (this.#missing <= 0) this.#arrived();
    });
  }

  /** Sends `bytes` and waits until as many bytes have come back. */
  send(bytes: Uint8Array): Promise<void> {
    this.#missing += bytes.length;
    return new Promise((resolve) => {
      this.#arrived = resolve;
      this.#child.stdin!.write(bytes);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin!.end();
    await this.#exited;
  }
}
