import { randomBytes } from "node:crypto";
import {
  type AgentInfo,
  decodeAgentInfo,
  encodeControllerInfo,
} from "../../agent/protocol/hello.ts";
import { type Deferred, deferred } from "../../agent/wire/deferred.ts";
import { Multiplexer, type Pipe } from "../../agent/wire/multiplexer.ts";
import { ProtocolError } from "../../agent/wire/protocol_error.ts";
import { Provisioning } from "../provision/provisioning.ts";
import { ConnectionError } from "../connection_error.ts";
import { Login } from "../login/login.ts";
import type { AgentConnectionOptions } from "./agent_connection_options.ts";
import { BootReader } from "./boot_reader.ts";
import { findOutputNotice, isClientNotice } from "./client_notice.ts";
import { ConnectionFailure } from "./connection_failure.ts";
import { Countdown } from "./countdown.ts";
import { exitCodeAtEnd, readExitCode } from "./exit_notice.ts";
import { HeldLines } from "./held_lines.ts";
import { KeepAlive } from "./keep_alive.ts";
import { killCommand } from "./kill_command.ts";
import { PipeProcess } from "./pipe_process.ts";
import { sendAgent, signInterval } from "./send_agent.ts";
import { SignRemover } from "./sign_remover.ts";
import { StderrLines } from "./stderr_lines.ts";

/** Milliseconds that an agent has to end when it was asked to, before its pipe is closed. */
const CLOSE_GRACE = 1_000;

/** Milliseconds that a process has to end when its login was refused. */
const REFUSAL_GRACE = 3_000;

/** Milliseconds that a sign of life may be late. */
const SIGN_DELAY = 500;

/** Milliseconds until a process that was killed is gone. */
const KILL_DELAY = 200;

/** A process with an agent at the other end of its pipe. It is used once. */
export class AgentConnection {
  /** Carries the channels. Frames that are sent before the agent is up wait in the pipe. */
  readonly multiplexer: Multiplexer;
  /** Resolves when the agent is up. Rejects when it cannot be. */
  readonly ready: Promise<AgentInfo>;
  /** Resolves when the process is gone. Never rejects. */
  readonly gone: Promise<void>;
  /** Whether the pipe leads to a process of this machine, so that nothing need be compressed. */
  readonly isLocal: boolean;

  readonly #options: AgentConnectionOptions;
  readonly #marker = randomBytes(16).toString("hex");
  readonly #boot: BootReader;
  readonly #lines: StderrLines;
  readonly #held: HeldLines;
  readonly #signs: SignRemover;
  readonly #process: PipeProcess;
  readonly #failure: ConnectionFailure;
  readonly #login: Login | undefined;
  readonly #provisioning: Provisioning | undefined;
  /** Leads to the agent. What is written may have to wait for the login, or for an interpreter. */
  readonly #pipe: Pipe;
  readonly #ready: Deferred<AgentInfo> = deferred();
  #info: AgentInfo | undefined;
  #timeout: Countdown | undefined;
  /** How many operations keep this script alive for the connection. */
  #holds = 0;
  #keepAlive: KeepAlive | undefined;
  #closed: Error | undefined;

  /** Starts the process and sends it the agent, without waiting for anything. */
  constructor(options: AgentConnectionOptions) {
    const { host, command, detached, bootstrap, connectTimeout, login, provision } = options;
    this.#options = options;
    this.isLocal = options.isLocal;
    this.ready = this.#ready.promise;
    this.ready.catch(() => {});
    this.#held = new HeldLines(options.onLine);
    if (!options.holdsLines) this.#held.open();
    this.#lines = new StderrLines((line) => {
      // Nobody cares how a process ends that was closed, least of all before it led to an agent.
      if (this.#closed !== undefined && (this.#info === undefined || isClientNotice(line))) return;
      this.#held.push(line);
    });
    this.#signs = new SignRemover({
      marker: this.#marker,
      onBytes: (bytes) => this.#lines.push(bytes),
      onSign: () => this.#keepAlive?.handleSign(),
      onNext: () => this.#failure.addSaid(this.#lines.endSection()),
    });
    this.#provisioning = provision && new Provisioning(provision);
    this.#boot = new BootReader(
      this.#marker,
      (rest) => this.#handleFrames(rest),
      (word, text) => this.#provisioning?.handleAnswer(word, text) === true,
    );
    this.#login = login && new Login(login);
    this.#process = new PipeProcess({
      command,
      env: this.#login?.env,
      detached,
      cancelCommand: options.cancelCommand,
      killCommand: options.beside?.(killCommand(this.#marker)),
      isOver: () => this.#failure.agentExitCode !== undefined,
      onOutput: (chunk) => this.#handleOutput(chunk),
      onStderr: (chunk) => this.#signs.push(this.#login?.handleStderr(chunk) ?? chunk),
      onDrain: () => this.#handleDrain(),
      afterlife: options.outOfReach ? signInterval(options.keepAlive) + SIGN_DELAY : KILL_DELAY,
      onSpawnError: (error) => this.multiplexer.end(this.#failure.ofSpawn(error)),
      onEnd: () => this.#handleProcessEnd(),
    });
    this.gone = this.#process.gone;
    this.#failure = new ConnectionFailure({
      host,
      command,
      interpreters: bootstrap,
      cwd: bootstrap.cwd,
      connectTimeout,
      process: this.#process,
      boot: this.#boot,
      lines: this.#lines,
      login: this.#login,
      provisioning: this.#provisioning,
    });
    const shellPipe = this.#beginLogin();
    this.#pipe = this.#beginProvisioning(shellPipe);
    this.multiplexer = new Multiplexer(this.#pipe, {
      odd: true,
      onChannel: options.onChannel,
      onHello: (payload) => this.#handleHello(payload),
      onExit: (payload) => this.#handleAgentExit(readExitCode(payload, this.#marker)),
      onEnd: (error) => this.#handleEnd(error),
    });
    if (connectTimeout > 0) {
      this.#timeout = new Countdown(connectTimeout, () => {
        this.multiplexer.end(this.#failure.ofTimeout(connectTimeout));
      });
      if (options.queued) this.#timeout.pause();
    }
    if (options.outOfReach) this.#process.guardLater();
    this.#process.release();
    sendAgent(options, {
      marker: this.#marker,
      shell: shellPipe,
      agent: this.#pipe,
      brought: this.#provisioning?.file,
    });
    this.multiplexer.sendHello(encodeControllerInfo(options.info));
  }

  /** The agent's description of itself, while it is up. */
  get info(): AgentInfo | undefined {
    return this.hasEnded ? undefined : this.#info;
  }

  /** Whether the agent or the process has ended, so that nobody takes what is sent. */
  get hasEnded(): boolean {
    return this.#failure.agentExitCode !== undefined || this.#process.exit !== undefined;
  }

  /** Keeps this script alive until {@linkcode release} is called as often. */
  hold(): void {
    this.#holds++;
    this.#process.hold();
  }

  /** Undoes one {@linkcode hold}. */
  release(): void {
    this.#process.release();
    if (--this.#holds > 0) return;
    if (this.#login?.isAsking) {
      this.multiplexer.end(this.#failure.ofLogin("nothing waited for an answer any more"));
    } else if (this.#provisioning?.isBringing) {
      this.multiplexer.end(this.#failure.ofProvisioning("nothing waited for Deno any more"));
    }
  }

  /** Ends the agent and resolves when the process is gone. Pending work fails with `error`. */
  async close(error: Error): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = error;
      this.hold();
      this.multiplexer.failAll(error);
      if (this.#info === undefined || this.multiplexer.ended !== undefined) {
        this.multiplexer.end(error);
      } else {
        this.multiplexer.sendBye();
        this.#process.later(() => this.multiplexer.end(error), CLOSE_GRACE);
      }
      this.gone.then(() => this.release());
    }
    await this.gone;
  }

  #beginLogin(): Pipe {
    return this.#login?.begin({
      process: this.#process,
      onDrain: () => this.#handleDrain(),
      fail: (text, cause) => this.multiplexer.end(this.#failure.ofLogin(text, cause)),
      failAtEnd: (text) => {
        this.#failure.refusal = text;
        this.#process.later(() => this.multiplexer.end(this.#failure.ofEnd()), REFUSAL_GRACE);
      },
      pause: () => this.#timeout?.pause(),
      resume: () => this.#timeout?.resume(),
      isWanted: () => this.#holds > 0,
    }) ?? this.#process.pipe;
  }

  #beginProvisioning(pipe: Pipe): Pipe {
    return this.#provisioning?.begin({
      host: this.#options.host,
      marker: this.#marker,
      pipe,
      onDrain: () => this.multiplexer.handleDrain(),
      moved: () => this.#timeout?.restart(),
      pause: () => this.#timeout?.pause(),
      resume: () => this.#timeout?.resume(),
      fail: (text, cause) => this.multiplexer.end(this.#failure.ofProvisioning(text, cause)),
      failAsNotFound: (reason) => this.multiplexer.end(this.#failure.ofNoRuntime(reason)),
    }) ?? pipe;
  }

  #handleDrain(): void {
    if (this.#provisioning?.handleDrain() !== true) this.multiplexer.handleDrain();
  }

  #handleOutput(chunk: Uint8Array): void {
    if (this.#boot.stage === "agent") return this.#handleFrames(chunk);
    const hadShell = this.#boot.stage !== "shell";
    try {
      this.#boot.push(chunk);
      if (this.#options.queued && !hadShell && this.#boot.stage !== "shell") {
        this.#timeout?.resume();
      }
      // The shell ends its relay by a signal, which is lost if the relay is only just starting.
      if (this.#boot.failure !== undefined) this.#endSoon();
    } catch (error) {
      this.multiplexer.end(error as Error);
    }
  }

  #handleFrames(chunk: Uint8Array): void {
    // The agent has ended. What follows is from a program in front of it, such as kubectl.
    if (this.#failure.agentExitCode !== undefined) return;
    this.#keepAlive?.handleSign();
    const exit = exitCodeAtEnd(chunk, this.#marker);
    if (exit === undefined) return this.#handleWithoutExit(chunk);
    this.multiplexer.handleChunk(exit.before);
    this.#handleAgentExit(exit.code);
  }

  #handleWithoutExit(chunk: Uint8Array): void {
    const noticeAt = findOutputNotice(chunk);
    if (noticeAt === undefined) return this.multiplexer.handleChunk(chunk);
    this.multiplexer.handleChunk(chunk.subarray(0, noticeAt));
    // Shells that were killed tell nothing.
    if (this.multiplexer.idle) this.#endSoon();
    else this.multiplexer.handleChunk(chunk.subarray(noticeAt));
  }

  #handleHello(payload: Uint8Array): void {
    if (this.#info !== undefined) throw new ProtocolError("The agent sent a second HELLO");
    try {
      this.#info = decodeAgentInfo(payload);
    } catch (cause) {
      throw new ProtocolError("The agent sent a HELLO that cannot be read", { cause });
    }
    this.#failure.wasUp = true;
    this.#held.open();
    this.#timeout?.stop();
    this.#login?.end();
    this.#provisioning?.end();
    const { keepAlive, outOfReach } = this.#options;
    if (outOfReach) this.#process.guard();
    if (keepAlive > 0) {
      // Any other link cannot die without a word.
      if (outOfReach) {
        this.#process.giveSigns(keepAlive, (payload) => this.multiplexer.sendPing(payload));
      }
      this.#keepAlive = new KeepAlive({
        interval: keepAlive,
        ping: () => this.multiplexer.sendPing(),
        onSilence: (milliseconds) => this.multiplexer.end(this.#failure.ofSilence(milliseconds)),
      });
    }
    this.#ready.resolve(this.#info);
  }

  /** The agent has ended. The process ends too, unless something else holds the pipe open. */
  #handleAgentExit(code: number): void {
    this.#failure.agentExitCode = code;
    this.#endSoon();
  }

  #endSoon(): void {
    this.#process.afterOutput(() => this.multiplexer.end(this.#endError()));
  }

  #handleProcessEnd(): void {
    this.#signs.end();
    this.#lines.end();
    if (this.multiplexer.ended !== undefined || this.#isDialedAgain()) return;
    this.multiplexer.end(this.#endError());
  }

  /** Starts the process once more if a server hung up while an answer was waited for. */
  #isDialedAgain(): boolean {
    if (this.#boot.stage !== "shell" || this.#login?.isHungUp(this.#lines.tail) !== true) {
      return false;
    }
    if (!this.#process.restart()) return false;
    this.#lines.clear();
    this.#held.drop();
    this.#timeout?.restart();
    this.#process.guard();
    this.#login.handleRestart();
    return true;
  }

  /** The pipe is of no use any more, for whatever reason, so nothing of it may stay. */
  #handleEnd(error: Error): void {
    this.#timeout?.stop();
    this.#login?.end();
    const isBringing = this.#provisioning?.isBringing === true;
    this.#provisioning?.end();
    this.#keepAlive?.stop();
    this.#ready.reject(error);
    if (error instanceof ConnectionError) this.#held.drop();
    else this.#held.open();
    // An agent that is up sees that its pipe is closed, and ends all that it runs. A shell that
    // takes Deno in removes the part that it has.
    this.#process.end(this.#info === undefined && !isBringing);
    this.#options.onEnd(error);
  }

  #endError(): Error {
    return this.#closed ?? this.#failure.ofEnd();
  }
}
