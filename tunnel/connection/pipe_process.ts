import process from "node:process";
import { clearTimeout, setTimeout } from "node:timers";
import { type Deferred, deferred } from "../../agent/wire/deferred.ts";
import type { Pipe } from "../../agent/wire/multiplexer.ts";
import type { Child, ChildOptions, ProcessExit } from "./child.ts";
import { Canceller } from "./canceller.ts";
import { Reaper } from "./reaper.ts";
import { giveSigns } from "./sign_thread.ts";
import { startChild } from "./start_child.ts";

/** Options for {@linkcode PipeProcess}. */
export interface PipeProcessOptions extends Omit<ChildOptions, "onExit" | "onClose"> {
  /**
   * The argv of a command that ends what the process has begun. It runs when the process has ended,
   * before it is killed, and when this isolate ends, by whatever death.
   */
  readonly cancelCommand?: readonly string[] | undefined;
  /**
   * The argv of a command that kills what is left at the far end. It runs when the process has
   * ended and {@linkcode isOver} says no, and when this isolate ends. Not together with
   * `cancelCommand`.
   */
  readonly killCommand?: readonly string[] | undefined;
  /** Whether the agent and all that it ran are known to be gone. */
  readonly isOver: () => boolean;
  /** Milliseconds in which all at the far end is gone when the process has been killed. */
  readonly afterlife: number;
  /** The process has ended, and all that it printed has been read. */
  readonly onEnd: () => void;
}

/**
 * Milliseconds to wait for the rest of the output when a process has ended: its children may hold
 * the pipe open.
 */
const OUTPUT_GRACE = 250;

/** So many timers make up that time. */
const GRACE_TIMERS = 5;

/**
 * Milliseconds that the process has to end by itself when its pipe is closed. Docker removes a
 * container in this time.
 */
const KILL_GRACE = 2_000;

/**
 * Milliseconds that it has if it may be making something that remains when it is killed, such as a
 * container that has a name and was never started. It ends when that has seen the end of the pipe.
 */
const TIDY_GRACE = 5_000;

/** Milliseconds until a process is guarded that has not led to an agent yet. */
const GUARD_DELAY = 1_000;

/**
 * Milliseconds until the thread is started that gives signs of life. Many tunnels are closed
 * sooner, and a sign costs the far end more than their call: a Deno agent loads `node:net` when
 * something comes after it, and its shell starts to watch.
 */
const SIGN_START_DELAY = 1_000;

/** The process whose stdin and stdout are the pipe to an agent: how it is started and ended. */
export class PipeProcess {
  /** The pipe to the far end. */
  readonly pipe: Pipe = {
    write: (chunks) => this.#child.pipe.write(chunks),
    close: () => this.#child.pipe.close(),
  };
  /** Resolves when the process and all that it ran are gone. Never rejects. */
  readonly gone: Promise<void>;

  readonly #options: PipeProcessOptions;
  #child: Child;
  readonly #gone: Deferred<void> = deferred();
  #exit: ProcessExit | undefined;
  #holds = 1;
  #closed = false;
  #afterlife = 0;
  readonly #canceller: Canceller | undefined;
  #reaper: Reaper | undefined;
  #guardTimer: ReturnType<typeof setTimeout> | undefined;
  /** Stops the signs of life, if they have begun. */
  #stopSigns: (() => void) | undefined;
  #isEnding = false;
  /** Ends of the guards, which {@linkcode gone} waits for. */
  readonly #guardEnds: Promise<unknown>[] = [];

  /** Starts the process. It is held, as by {@linkcode hold}. */
  constructor(options: PipeProcessOptions) {
    this.#options = options;
    this.gone = this.#gone.promise;
    const { cancelCommand, killCommand } = options;
    // Before the process, which may begin something at once.
    this.#canceller = cancelCommand ? new Canceller(cancelCommand) : cancellerFor(killCommand);
    this.#child = this.#start();
  }

  /** The process's id, unless it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** How the process ended, if it has. */
  get exit(): ProcessExit | undefined {
    return this.#exit;
  }

  /** Starts the process once more, which has just ended. Returns whether that can be. */
  restart(): boolean {
    // A canceller has ended with the process.
    if (this.#canceller !== undefined) return false;
    if (this.#options.detached) this.#killGroup();
    this.#child.pipe.close();
    this.#child.closeOutputs();
    this.#exit = undefined;
    this.#closed = false;
    this.#isEnding = false;
    this.#child = this.#start();
    if (this.#holds === 0) this.#child.unref();
    return true;
  }

  /** Keeps this script alive until {@linkcode release} is called as often. */
  hold(): void {
    if (this.#holds++ === 0) this.#child.ref();
  }

  /** Undoes one {@linkcode hold}. */
  release(): void {
    if (--this.#holds === 0) this.#child.unref();
  }

  /** Does as {@linkcode guard}, unless the process or this script has ended by then. */
  guardLater(): void {
    this.#guardTimer = setTimeout(() => this.guard(), GUARD_DELAY);
    this.#guardTimer.unref();
  }

  /** Has the process end with this isolate, even if the far end does not read. */
  guard(): void {
    this.#endGuardTimer();
    const { pid } = this.#child;
    if (pid === undefined || this.#exit !== undefined || this.#reaper !== undefined) return;
    try {
      this.#reaper = new Reaper(pid, this.#options.detached ? -pid : pid);
    } catch {
      // This script may not run `sh`, or there is no descriptor left.
    }
  }

  /**
   * Has a thread give signs of life to the far end, from a moment later on: to start the thread
   * blocks this one for some time, and a script that does little should not wait for that.
   *
   * @param onBegin See {@linkcode giveSigns}.
   */
  giveSigns(interval: number, onBegin: (payload: Uint8Array) => void): void {
    const { direct, lock } = this.#child;
    if (direct === undefined || lock === undefined) return;
    if (this.#isEnding) return;
    const timer = setTimeout(async () => {
      try {
        const stop = await giveSigns(direct, lock, interval, onBegin);
        if (this.#isEnding) stop();
        else this.#stopSigns = stop;
      } catch {
        // There is no thread to be had. Then the agent does not count.
      }
    }, Math.min(SIGN_START_DELAY, interval / 2));
    timer.unref();
    this.#stopSigns = () => clearTimeout(timer);
  }

  /** Calls `act` later, unless the process is gone by then. */
  later(act: () => void, milliseconds: number): void {
    const timer = setTimeout(act, milliseconds);
    this.gone.then(() => clearTimeout(timer));
  }

  /**
   * Calls `act` when output that is on its way has had time to come, unless the process is gone by
   * then. A timer that is overdue, since this script was busy, comes before what can be read; but
   * that is read before the next timer.
   */
  afterOutput(act: () => void, timers: number = GRACE_TIMERS): void {
    this.later(
      timers === 1 ? act : () => this.afterOutput(act, timers - 1),
      OUTPUT_GRACE / GRACE_TIMERS,
    );
  }

  /**
   * Ends the process, whose pipe is closed: at once, unless that leaves something behind, or after
   * it had time to end by itself.
   */
  end(atOnce: boolean): void {
    this.#endSigns();
    if (this.#exit !== undefined) return;
    const { cancelCommand, killCommand, afterlife } = this.#options;
    const grace = atOnce && killCommand !== undefined ? TIDY_GRACE : KILL_GRACE;
    // The script must not end while it waits for `gone`. But it must not wait for ever either: the
    // process may be another user's, whom nobody here can kill.
    this.hold();
    const overdue = new Promise<void>((resolve) => this.later(resolve, grace + KILL_GRACE));
    Promise.race([this.gone, overdue]).then(() => this.release());
    this.later(() => {
      if (this.#exit === undefined) this.#afterlife = afterlife;
      this.#kill();
    }, grace);
    if (!atOnce) return;
    // It ends by itself, and tidies up: what it has begun may have no end if it is killed.
    if (cancelCommand !== undefined) this.#canceller?.cancel();
    else if (killCommand === undefined) this.#kill();
  }

  #start(): Child {
    const child = startChild({
      ...this.#options,
      onSpawnError: (error) => this.#handleSpawnError(error),
      onExit: (exit) => this.#handleExit(exit),
      onClose: () => this.#handleClose(child),
    });
    return child;
  }

  #handleSpawnError(error: NodeJS.ErrnoException): void {
    this.#options.onSpawnError(error);
    this.#stopGuard();
    this.#stopCanceller();
    this.#handleGone();
  }

  #handleExit(exit: ProcessExit): void {
    const child = this.#child;
    this.#exit = exit;
    this.#stopGuard();
    // The rest of the output may say that there is nothing to kill.
    if (this.#options.cancelCommand !== undefined) this.#stopCanceller();
    this.#endSigns();
    // "close" follows when all output has been read, unless a grandchild holds the pipe.
    this.afterOutput(() => this.#handleClose(child));
  }

  #stopGuard(): void {
    if (this.#reaper !== undefined) this.#guardEnds.push(this.#reaper.stop());
    this.#reaper = undefined;
  }

  #stopCanceller(): void {
    if (this.#canceller === undefined) return;
    const { cancelCommand, isOver } = this.#options;
    const isNeedless = cancelCommand === undefined && isOver();
    this.#guardEnds.push(isNeedless ? this.#canceller.drop() : this.#canceller.stop());
  }

  #handleClose(child: Child): void {
    if (child !== this.#child || this.#exit === undefined || this.#closed) return;
    this.#closed = true;
    this.#options.onEnd();
    if (child !== this.#child) return; // which was restarted
    if (this.#options.cancelCommand === undefined) this.#stopCanceller();
    if (this.#options.detached) this.#killGroup();
    this.#handleGone();
  }

  #endGuardTimer(): void {
    clearTimeout(this.#guardTimer);
    this.#guardTimer = undefined;
  }

  #handleGone(): void {
    this.#endGuardTimer();
    this.#child.closeOutputs();
    const isGone = (): void => {
      if (this.#afterlife === 0) this.#gone.resolve();
      else setTimeout(() => this.#gone.resolve(), this.#afterlife);
    };
    if (this.#guardEnds.length === 0) isGone();
    else Promise.all(this.#guardEnds).then(isGone);
  }

  #endSigns(): void {
    this.#isEnding = true;
    this.#stopSigns?.();
    this.#stopSigns = undefined;
  }

  #kill(): void {
    if (this.#exit !== undefined) return;
    if (this.#options.detached) this.#killGroup();
    this.#child.kill();
    // The shell of another user, whom nobody here can kill, notices this and kills its group.
    this.#child.closeOutputs();
  }

  /** Kills all that is left of the process's own group, if this user may. */
  #killGroup(): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // Nothing is left, or it is another user's: then the shell in front of the agent kills it.
    }
  }
}

/** Runs a command that only matters when the far end does not notice that its process is gone. */
function cancellerFor(command: readonly string[] | undefined): Canceller | undefined {
  try {
    return command && new Canceller(command);
  } catch {
    return undefined; // this script may not run `sh`, or there is no descriptor left
  }
}
