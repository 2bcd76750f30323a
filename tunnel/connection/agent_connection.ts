import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { PassThrough, type Readable } from "node:stream";
import process from "node:process";
import { clearInterval, clearTimeout, setInterval, setTimeout } from "node:timers";
import { BUNDLE } from "../../agent/_bundle.ts";
import type { Channel } from "../../agent/wire/channel.ts";
import { type Deferred, deferred } from "../../agent/wire/deferred.ts";
import {
  type AgentInfo,
  type ControllerInfo,
  decodeAgentInfo,
  encodeControllerInfo,
} from "../../agent/protocol/hello.ts";
import { OLDEST_DENO, OLDEST_NODE } from "../../agent/protocol/exit_code.ts";
import { exitCodeAtEnd, readExitCode } from "./exit_notice.ts";
import { Multiplexer } from "../../agent/wire/multiplexer.ts";
import { ProtocolError } from "../../agent/wire/protocol_error.ts";
import { streamPipe } from "../../agent/wire/stream_pipe.ts";
import { BootReader } from "./boot_reader.ts";
import { readOutput } from "./read_output.ts";
import { bootstrapLine, type BootstrapOptions } from "./bootstrap.ts";
import { searchedPlaces } from "./interpreters.ts";
import { StderrLines } from "./stderr_lines.ts";
import { visible } from "../visible.ts";
import { ConnectionError, RuntimeNotFoundError } from "../connection_error.ts";

/** What an {@linkcode AgentConnection} needs to know. */
export interface AgentConnectionOptions {
  readonly host: string;
  /** The argv of the process whose stdin and stdout are the pipe. */
  readonly command: readonly string[];
  /** Whether the process gets a session of its own, out of reach of the terminal. */
  readonly detached: boolean;
  /** Whether this process cannot signal those at the far end: they are another machine's, or another user's. */
  readonly outOfReach: boolean;
  readonly bootstrap: Omit<BootstrapOptions, "marker" | "killGroup">;
  readonly connectTimeout: number;
  readonly keepAlive: number;
  /** What the agent is told of where it is. */
  readonly info: ControllerInfo;
  readonly onLine: (line: string) => void;
  readonly onChannel: (channel: Channel, header: Uint8Array) => void;
  /** The connection is over; called once. */
  readonly onEnd: (error: Error) => void;
}

/** How long an agent may take to end when it was asked to, before it is killed; in ms. */
const GRACE = 1_000;
/** Milliseconds that the process has to end by itself when its pipe is closed; a container is removed in this time. */
const KILL_GRACE = 2_000;
/** How long to wait for the rest of the output of a process that has ended; its children may hold it; in ms. */
const OUTPUT_GRACE = 250;
/** Unanswered pings in a row that mean a lost connection. */
const MAX_UNANSWERED = 3;

/** A line with a reason; a usage or a version is often printed behind it. */
const REASON =
  /error|cannot|can't|denied|refused|not found|no such|unable|invalid|failed|timed out|unreachable|unknown|unrecognized|illegal|\bbad\b|\blost\b|closed by/i;
/** A line of a stack, in which there may be any name. */
const FRAME = /^\s+at /;
/** What an error calls the versions that would do. */
const WANTED = {
  deno: `Deno ${OLDEST_DENO} or newer`,
  node: `Node ${OLDEST_NODE} or newer`,
};
/** A longer line is cut. */
const MAX_REASON = 300;

let bundle: Uint8Array | undefined;

/** A process that carries the pipe, and the agent at its other end. It is used once. */
export class AgentConnection {
  /** Carries the channels. What is sent before the agent is up waits in the pipe. */
  readonly multiplexer: Multiplexer;
  /** Resolves when the agent is up. Rejects when it cannot be. */
  readonly ready: Promise<AgentInfo>;
  /** Resolves when the process is gone. Never rejects. */
  readonly gone: Promise<void>;

  readonly #options: AgentConnectionOptions;
  readonly #child: ChildProcess;
  readonly #output: Readable;
  readonly #marker = randomBytes(16).toString("hex");
  readonly #boot: BootReader;
  readonly #lines: StderrLines;
  readonly #ready: Deferred<AgentInfo> = deferred();
  readonly #gone: Deferred<void> = deferred();
  #info: AgentInfo | undefined;
  #holds = 0;
  #timeout: ReturnType<typeof setTimeout> | undefined;
  #pings: ReturnType<typeof setInterval> | undefined;
  #exit: { readonly code: number | null; readonly signal: string | null } | undefined;
  #toldCode: number | undefined;
  #closed: Error | undefined;

  constructor(options: AgentConnectionOptions) {
    this.#options = options;
    this.ready = this.#ready.promise;
    this.ready.catch(() => {});
    this.gone = this.#gone.promise;
    this.#lines = new StderrLines(options.onLine);
    this.#boot = new BootReader(this.#marker, (rest) => this.#handleFrames(rest));
    const [program, ...args] = options.command as [string, ...string[]];
    this.#child = withStreams(spawn(program, args, { stdio: "pipe", detached: options.detached }));
    const { stdin, stdout, stderr } = this.#child;
    this.#output = readOutput(stdout!, (chunk) => this.#handleOutput(chunk));
    this.multiplexer = new Multiplexer(
      streamPipe(this.#output, stdin!, () => this.multiplexer.handleDrain()),
      {
        odd: true,
        onChannel: options.onChannel,
        onHello: (payload) => this.#handleHello(payload),
        onExit: (payload) => this.#handleToldExit(readExitCode(payload, this.#marker)),
        onEnd: (error) => this.#handleEnd(error),
      },
    );
    // The process's exit tells more than a pipe that breaks because of it.
    stdin!.on("error", () => {});
    this.#output.on("error", () => {});
    stderr!.on("error", () => {});
    stderr!.on("data", (chunk: Uint8Array) => this.#lines.push(chunk));
    this.#child.on("error", (error) => this.#handleSpawnError(error));
    this.#child.on("exit", (code, signal) => this.#handleExit(code, signal));
    this.#child.on("close", () => this.#handleClose());
    if (options.connectTimeout > 0) {
      this.#timeout = setTimeout(() => this.#handleTimeout(), options.connectTimeout);
    }
    this.#unref();
    this.#sendBootstrap();
    this.multiplexer.sendHello(encodeControllerInfo(options.info));
  }

  /** What the agent told of itself, once it is up. */
  get info(): AgentInfo | undefined {
    return this.#info;
  }

  /** Something is under way: until {@linkcode release}, the connection keeps this process alive. */
  hold(): void {
    if (this.#holds++ === 0) this.#eachHandle((handle) => handle.ref());
  }

  /** The other half of {@linkcode hold}. */
  release(): void {
    if (--this.#holds === 0) this.#unref();
  }

  /** Ends the agent and resolves when the process is gone. What is pending fails with `error`. */
  async close(error: Error): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = error;
      this.hold();
      this.multiplexer.failAll(error);
      if (this.#info === undefined || this.multiplexer.ended !== undefined) {
        this.multiplexer.end(error);
      } else {
        this.multiplexer.sendBye();
        this.#later(() => this.multiplexer.end(error), GRACE);
      }
      this.gone.then(() => this.release());
    }
    await this.gone;
  }

  #sendBootstrap(): void {
    bundle ??= withLength(Buffer.from(BUNDLE, "base64"));
    const line = bootstrapLine({
      ...this.#options.bootstrap,
      marker: this.#marker,
      killGroup: !this.#options.detached || this.#options.outOfReach,
    });
    this.#child.stdin!.write(Buffer.concat([Buffer.from(line), bundle]));
  }

  #handleOutput(chunk: Uint8Array): void {
    if (this.#boot.stage === "agent") return this.#handleFrames(chunk);
    try {
      this.#boot.push(chunk);
    } catch (error) {
      this.multiplexer.end(error as Error);
    }
  }

  #handleFrames(chunk: Uint8Array): void {
    const exit = exitCodeAtEnd(chunk, this.#marker);
    this.multiplexer.handleChunk(exit?.before ?? chunk);
    if (exit !== undefined) this.#handleToldExit(exit.code);
  }

  #handleHello(payload: Uint8Array): void {
    if (this.#info !== undefined) throw new ProtocolError("A second HELLO");
    try {
      this.#info = decodeAgentInfo(payload);
    } catch (cause) {
      throw new ProtocolError("A HELLO that cannot be read", { cause });
    }
    clearTimeout(this.#timeout);
    const { keepAlive } = this.#options;
    if (keepAlive > 0) {
      this.#pings = setInterval(() => this.#ping(), keepAlive);
      this.#pings.unref();
    }
    this.#ready.resolve(this.#info);
  }

  #ping(): void {
    if (this.multiplexer.unanswered < MAX_UNANSWERED) return this.multiplexer.sendPing();
    const { host, keepAlive } = this.#options;
    this.multiplexer.end(
      this.#error(
        `Lost the connection to ${host}: no sign of life for ${keepAlive * MAX_UNANSWERED} ms`,
      ),
    );
  }

  #handleTimeout(): void {
    const { host, connectTimeout } = this.#options;
    this.multiplexer.end(
      this.#error(
        `Cannot connect to ${host}: no answer within ${connectTimeout} ms, ${this.#stage()}`,
      ),
    );
  }

  #handleSpawnError(error: NodeJS.ErrnoException): void {
    const [program] = this.#options.command;
    const why = error.code === "ENOENT" ? "there is no such program" : error.message;
    const text = `Cannot connect to ${this.#options.host}: cannot run ${program}: ${why}`;
    this.multiplexer.end(this.#error(text, error));
    this.#handleGone();
  }

  /** The agent has ended. The process that carries the pipe ends too, if nothing holds the pipe. */
  #handleToldExit(code: number): void {
    this.#toldCode = code;
    this.#later(() => this.multiplexer.end(this.#exitError()), OUTPUT_GRACE);
  }

  #handleExit(code: number | null, signal: string | null): void {
    this.#exit = { code, signal };
    // "close" follows when all output has been read, unless a grandchild holds it.
    this.#later(() => this.#handleClose(), OUTPUT_GRACE);
  }

  #handleClose(): void {
    if (this.#exit === undefined) return;
    this.#lines.end();
    if (this.multiplexer.ended === undefined) this.multiplexer.end(this.#exitError());
    if (this.#options.detached) this.#killGroup();
    this.#handleGone();
  }

  #handleGone(): void {
    this.#child.stderr!.destroy();
    this.#gone.resolve();
  }

  /** The pipe is of no use any more, for whatever reason: nothing of it may stay. */
  #handleEnd(error: Error): void {
    clearTimeout(this.#timeout);
    clearInterval(this.#pings);
    this.#ready.reject(error);
    if (this.#exit === undefined) {
      // Whoever waits for the process to be gone is not left waiting because the script seems to have nothing to do.
      // But not for ever: it may be another user's, whom nobody here can kill.
      this.hold();
      const held = new Promise<void>((resolve) => this.#later(resolve, 2 * KILL_GRACE));
      Promise.race([this.gone, held]).then(() => this.release());
      // The far end sees the end of its pipe and ends what it runs; whoever does not see it is killed.
      this.#later(() => this.#kill(), KILL_GRACE);
      if (this.#info === undefined) this.#kill();
    }
    this.#options.onEnd(error);
  }

  /** Does something later, unless the process is gone by then. */
  #later(act: () => void, milliseconds: number): void {
    const timer = setTimeout(act, milliseconds);
    this.gone.then(() => clearTimeout(timer));
  }

  #kill(): void {
    if (this.#exit !== undefined) return;
    if (this.#options.detached) this.#killGroup();
    this.#child.kill("SIGKILL");
  }

  /** Ends what there still is of the process's own group, if this user may. */
  #killGroup(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // There is nothing left, or it is another user's: then the shell in front of the agent does it.
    }
  }

  #exitError(): Error {
    if (this.#closed !== undefined) return this.#closed;
    const { host } = this.#options;
    if (this.#info !== undefined) {
      return this.#error(`Lost the connection to ${host}: ${this.#how()}${this.#lastLine()}`);
    }
    const { refusal } = this.#boot;
    if (refusal?.word === "cwd") {
      const { cwd } = this.#options.bootstrap;
      return this.#error(
        `Cannot connect to ${host}: cannot enter the folder ${cwd}${this.#reason()}`,
      );
    }
    if (refusal?.word === "none") return this.#notFound(refusal.text);
    return this.#error(
      `Cannot connect to ${host}: ${this.#how()}, ${this.#stage()}${this.#reason()}`,
    );
  }

  #notFound(tooOld: string): Error {
    const places = searchedPlaces(this.#options.bootstrap);
    const looked = (["deno", "node"] as const).filter((kind) => places[kind].length > 0)
      .map((kind) => `${WANTED[kind]} (looked for ${places[kind].join(", ")})`);
    const text = `Cannot connect to ${this.#options.host}: found no ${looked.join(" and no ")}`;
    const old = tooOld === "" ? "" : `; too old: ${visible(tooOld)}`;
    return new RuntimeNotFoundError(this.#options.host, `${text}${old}`, this.#known());
  }

  #how(): string {
    const { code, signal } = this.#exit ?? { code: null, signal: null };
    const told = this.#toldCode ?? code;
    if (this.#toldCode === undefined && told === null) {
      return `${this.#options.command[0]} was ended by ${signal ?? "a signal"}`;
    }
    const meaning = told !== null && told > 128 && told < 160
      ? ` (ended by signal ${told - 128})`
      : "";
    // Only what the shell around the agent tells is of the agent: ssh, for one, has codes of its own.
    const who = this.#info === undefined || this.#toldCode === undefined
      ? this.#options.command[0]
      : "the agent";
    return `${who} exited with code ${told}${meaning}`;
  }

  #stage(): string {
    const { stage, interpreter } = this.#boot;
    if (stage === "shell") return "waiting for a shell at the far end";
    return stage === "interpreter" ? `starting ${visible(interpreter)}` : "waiting for the agent";
  }

  #lastLine(): string {
    const last = this.#lines.tail.split("\n").at(-1)!;
    return last === "" ? "" : `: ${shortened(last)}`;
  }

  /** What of stderr tells best why there is no connection. Later on, what was printed may be of anything. */
  #reason(): string {
    const reason = this.#lines.tail.split("\n").findLast((line) =>
      REASON.test(line) && !FRAME.test(line)
    );
    return reason === undefined ? this.#lastLine() : `: ${shortened(reason.trim())}`;
  }

  #error(message: string, cause?: unknown): ConnectionError {
    return new ConnectionError(this.#options.host, message, this.#known(cause));
  }

  #known(cause?: unknown): ConstructorParameters<typeof ConnectionError>[2] {
    return {
      command: this.#options.command,
      exitCode: this.#toldCode ?? this.#exit?.code ?? null,
      stderr: visible(this.#lines.tail),
      stdout: this.#info === undefined ? visible(this.#boot.noise) : "",
      ...cause === undefined ? {} : { cause },
    };
  }

  #unref(): void {
    this.#eachHandle((handle) => handle.unref());
  }

  #eachHandle(act: (handle: { ref(): void; unref(): void }) => void): void {
    const { stdin, stderr } = this.#child;
    // A process that could not be started has none.
    if (this.#child.pid === undefined) return;
    act(this.#child);
    for (const stream of [stdin, this.#output, stderr]) {
      if (stream !== null && !stream.destroyed) act(stream as Socket);
    }
  }
}

/** A process that could not be started for want of descriptors has no streams: it gets some that lead nowhere. */
function withStreams(child: ChildProcess): ChildProcess {
  const { stdin, stdout, stderr } = child;
  return Object.assign(child, {
    stdin: stdin ?? new PassThrough(),
    stdout: stdout ?? new PassThrough(),
    stderr: stderr ?? new PassThrough(),
  });
}

/** The start of a line, for a message. */
function shortened(line: string): string {
  const text = visible(line);
  return text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}…` : text;
}

function withLength(bytes: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
