import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { FrameType, HEADER_SIZE, writeHeader } from "../../agent/wire/frame.ts";

const CLIENT = fileURLToPath(import.meta.resolve("./fixture/dead_link_client.ts"));

/** How a PING begins that tells the interval. */
const SIGN = Buffer.alloc(HEADER_SIZE);
writeHeader(SIGN, FrameType.PING, 0, 0, 4);

/** Which bytes get lost: those to the far end, those from there, or all. */
export type Direction = "to" | "from" | "both";

/**
 * A link that can die without a word: no end is told, and the far end is not told either when the
 * process here is killed.
 */
export class DeadLink implements AsyncDisposable {
  readonly #listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  readonly #accepted = new Map<string, Partial<Record<string, Deno.TcpConn>>>();
  readonly #children: Deno.ChildProcess[] = [];
  readonly #running: Promise<unknown>[] = [];
  readonly #signed = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();
  #dead: Direction | undefined;

  constructor() {
    this.#running.push(this.#accept());
  }

  /** The command of a driver that leads through the link. */
  get command(): string[] {
    const { port } = this.#listener.addr as Deno.NetAddr;
    return [Deno.execPath(), "run", "-A", "--no-check", CLIENT, `${port}`];
  }

  /** Resolves when the agent has been told the interval. */
  get signed(): Promise<void> {
    return this.#signed.promise;
  }

  /** Loses all bytes in a direction from now on. */
  die(direction: Direction): void {
    this.#dead = direction;
  }

  /** Ends what is left, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.#over.resolve();
    for (const child of this.#children) {
      try {
        Deno.kill(-child.pid, "SIGKILL");
      } catch {
        // It has ended.
      }
    }
    for (const { pipe, errors } of this.#accepted.values()) {
      for (const one of [pipe, errors]) close(one);
    }
    await Promise.allSettled(this.#running);
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      const { id, kind, command } = JSON.parse(await firstLine(connection));
      const pair = this.#accepted.get(id) ?? {};
      this.#accepted.set(id, { ...pair, [kind]: connection });
      const { pipe, errors } = this.#accepted.get(id)!;
      if (pipe !== undefined && errors !== undefined) this.#start(command, pipe, errors);
    }
  }

  #start([program, ...args]: string[], pipe: Deno.TcpConn, errors: Deno.TcpConn): void {
    const stdio = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    const child = new Deno.Command(program!, { args, detached: true, ...stdio }).spawn();
    this.#children.push(child);
    this.#running.push(
      this.#carry(pipe.readable, child.stdin, "to"),
      this.#carry(child.stdout, pipe.writable, "from"),
      this.#carry(child.stderr, errors.writable, "from"),
      child.status,
    );
  }

  async #carry(
    from: ReadableStream<Uint8Array>,
    to: WritableStream<Uint8Array>,
    direction: Direction,
  ): Promise<void> {
    const isDead = (): boolean => this.#dead === "both" || this.#dead === direction;
    const writer = to.getWriter();
    writer.closed.catch(() => {});
    const write = (bytes: Uint8Array): Promise<void> => writer.write(bytes).catch(() => {});
    try {
      for await (const bytes of from) {
        if (!isDead()) await write(bytes);
        if (direction === "to" && Buffer.from(bytes).includes(SIGN)) this.#signed.resolve();
      }
    } catch {
      // The connection was closed.
    }
    // The far end's stdin stays open when the link has died.
    if (isDead() && direction === "to") await this.#over.promise;
    await writer.close().catch(() => {});
  }
}

/** Reads a byte at a time, since more follows. */
async function firstLine(connection: Deno.TcpConn): Promise<string> {
  const byte = new Uint8Array(1);
  let line = "";
  while (await connection.read(byte) !== null && byte[0] !== 10) {
    line += String.fromCharCode(byte[0]!);
  }
  return line;
}

function close(connection: Deno.TcpConn | undefined): void {
  try {
    connection?.close();
  } catch {
    // It is closed.
  }
}
