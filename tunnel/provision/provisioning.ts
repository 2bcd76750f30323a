import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import type { Pipe } from "../../agent/wire/multiplexer.ts";
import type { ProvisionOptions } from "../provision_options.ts";
import { visible } from "../visible.ts";
import { type FarEnd, misfitOf, parseFarEnd, platformOf } from "./far_end.ts";
import { ownVersion } from "./own_version.ts";
import { findRuntime, PART_SIZE } from "./relayed.ts";
import { ReplayPipe } from "../connection/replay_pipe.ts";
import type { Runtime } from "./runtime.ts";
import { type BroughtFile, commandLine, dropLine, roomScript, takeScript } from "./scripts.ts";
import { Turns } from "./turns.ts";

/** The connection that Deno is brought over. */
export interface ProvisionConnection {
  readonly host: string;
  /** Marks the lines of the shell at the far end. */
  readonly marker: string;
  /** The pipe to the shell. */
  readonly pipe: Pipe;
  /** There is room again in the pipe that {@linkcode Provisioning.begin} gave. */
  onDrain(): void;
  /** The time that connecting may take begins anew: something has moved. */
  moved(): void;
  /** That time stands still until {@linkcode resume}. */
  pause(): void;
  resume(): void;
  /** The connection has failed. */
  fail(text: string, cause?: unknown): void;
  /** There is no interpreter at the far end, and for this reason none can be brought. */
  failAsNotFound(reason: string): void;
}

/** So many far ends get their bytes at once: more would make each of them wait longer. */
const AT_ONCE = 4;

/** So many parts are read ahead. From a controller far away, each takes a round trip. */
const READ_AHEAD = 4;

/** The longest reason that an error repeats. */
const MAX_REASON = 800;

const turns = new Turns(AT_ONCE);

/** Brings Deno to the far end of one connection, if it has no interpreter for an agent. */
export class Provisioning {
  /** The file that the far end gets, or has already. */
  readonly file: BroughtFile;

  readonly #options: ProvisionOptions;
  readonly #over = new AbortController();
  #connection: ProvisionConnection | undefined;
  #pipe: ReplayPipe | undefined;
  #farEnd: FarEnd | undefined;
  #runtime: Runtime | undefined;
  #stage = "";
  #hasRoom = false;
  #onRoom: (() => void) | undefined;
  #leave: (() => void) | undefined;

  constructor(options: ProvisionOptions) {
    const { folder, keep = true, version = ownVersion() } = options;
    this.#options = options;
    this.file = { folder, keep, version, token: randomBytes(8).toString("hex") };
  }

  /** What goes on, for an error; empty if nothing is brought. */
  get stage(): string {
    return this.#stage;
  }

  /** Whether something is brought, or about to be. */
  get isBringing(): boolean {
    return this.#stage !== "";
  }

  /** Begins, and returns where to write what is meant for the agent. */
  begin(connection: ProvisionConnection): Pipe {
    this.#connection = connection;
    this.#pipe = new ReplayPipe(connection.pipe, connection.onDrain);
    return this.#pipe;
  }

  /** Takes an answer of the shell. Returns whether it is one. */
  handleAnswer(word: string, text: string): boolean {
    switch (word) {
      case "none-yet":
        this.#handleNoneYet();
        return true;
      case "need":
        if (this.#farEnd === undefined && this.#pipe!.isHeld) {
          this.#working(() => this.#handleNeed(text));
        }
        return true;
      case "room":
        if (this.#runtime !== undefined && !this.#hasRoom) {
          this.#hasRoom = true;
          this.#working(() => this.#handleRoom());
        }
        return true;
      case "noroom":
        this.#fail(`there is no folder for it: ${shortened(text)}; name one by provision.folder`);
        return true;
      case "unfit":
        this.#fail(this.#unfit(text));
        return true;
      case "brought":
        this.#handleBrought();
        return true;
      default:
        return false;
    }
  }

  /** There is room in the pipe. Returns whether that matters only here. */
  handleDrain(): boolean {
    if (this.#pipe?.isHeld !== true) return false;
    this.#onRoom?.();
    return true;
  }

  /** Nothing has to be brought any more: an agent is up, or the connection is over. */
  end(): void {
    this.#stage = "";
    this.#pipe?.forget();
    this.#leave?.();
    this.#over.abort();
    this.#onRoom?.();
  }

  #handleNoneYet(): void {
    const { marker } = this.#connection!;
    // Only once: each answer that counts is time that connecting may take.
    if (this.#pipe!.isHeld || this.#farEnd !== undefined) return;
    this.#pipe!.hold();
    this.#stage = "looking at the far end";
    this.#connection!.moved();
    this.#pipe!.send(Buffer.from(dropLine(marker)));
  }

  async #handleNeed(text: string): Promise<void> {
    const connection = this.#connection!;
    const farEnd = parseFarEnd(text);
    const { from, version = ownVersion() } = this.#options;
    this.#farEnd = farEnd;
    const { missing } = farEnd;
    if (missing.length > 0) {
      return connection.failAsNotFound(`it lacks ${shortened(missing.join(", "))}`);
    }
    const misfit = from === undefined ? misfitOf(farEnd) : undefined;
    if (misfit !== undefined) {
      return connection.failAsNotFound(
        `${
          shortened(misfit)
        }; install Node there, or name a Deno that runs there by provision.from`,
      );
    }
    this.#stage = `getting Deno ${version} for it`;
    const wanted = { version, platform: platformOf(farEnd) ?? "", from: from && `${from}` };
    this.#runtime = await findRuntime(wanted, () => connection.moved());
    if (this.#over.signal.aborted) return;
    connection.moved();
    this.#stage = "looking for a folder for Deno";
    this.#command(roomScript(this.file, this.#runtime.size));
  }

  async #handleRoom(): Promise<void> {
    const connection = this.#connection!;
    this.#stage = "waiting until other hosts have got Deno";
    connection.pause();
    try {
      this.#leave = await turns.take(this.#over.signal);
    } finally {
      connection.resume();
    }
    connection.moved();
    this.#stage = "sending Deno";
    const runtime = this.#runtime!;
    const { size, sha256, packedSize } = runtime;
    const isPacked = this.#farEnd!.hasGzip && packedSize !== undefined;
    const bytes = isPacked ? packedSize : size;
    this.#command(takeScript(this.file, { bytes, isPacked, size, sha256 }));
    await this.#sendAll((at, length) => runtime.read(isPacked, at, length), bytes);
  }

  /** Sends the binary, and begins to count anew with each part of it. */
  async #sendAll(
    read: (at: number, length: number) => Promise<Uint8Array>,
    total: number,
  ): Promise<void> {
    const { host, moved } = this.#connection!;
    const { onProgress } = this.#options;
    const { signal } = this.#over;
    const ahead: Promise<Uint8Array>[] = [];
    let asked = 0;
    let bytes = 0;
    while (bytes < total) {
      while (asked < total && ahead.length < READ_AHEAD) {
        const part = read(asked, Math.min(PART_SIZE, total - asked));
        part.catch(() => {});
        ahead.push(part);
        asked = Math.min(asked + PART_SIZE, total);
      }
      const part = await ahead.shift()!;
      if (signal.aborted) return;
      if (!this.#pipe!.send(part)) await this.#room();
      if (signal.aborted) return;
      bytes += part.length;
      moved();
      this.#stage = `sending Deno (${megabytes(bytes)} of ${megabytes(total)} MB)`;
      onProgress?.({ host, bytes, total });
    }
    this.#stage = "checking Deno";
  }

  /** Resolves when there is room in the pipe, or the connection is over. */
  async #room(): Promise<void> {
    if (this.#over.signal.aborted) return;
    await new Promise<void>((resolve) => this.#onRoom = resolve);
    this.#onRoom = undefined;
  }

  #handleBrought(): void {
    if (this.#leave === undefined) return;
    this.#leave();
    this.#leave = undefined;
    this.#stage = "";
    this.#connection!.moved();
    this.#pipe!.replay();
  }

  #command(script: string): void {
    this.#pipe!.send(Buffer.from(commandLine(this.#connection!.marker, script)));
  }

  #working(work: () => Promise<void>): void {
    work().catch((error) => {
      if (!this.#over.signal.aborted) this.#fail((error as Error).message, error);
    });
  }

  #fail(reason: string, cause?: unknown): void {
    const { version } = this.file;
    this.#connection!.fail(`cannot bring Deno ${version} there: ${visible(reason)}`, cause);
  }

  /** Why the far end has refused the binary. */
  #unfit(text: string): string {
    if (this.#runtime === undefined) return "the far end has refused it before it was sent";
    const [, what, rest = ""] = /^(\S*) ?(.*)$/s.exec(text)!;
    const { from } = this.#options;
    switch (what) {
      case "size": {
        const [, size, errors = ""] = /^(\d*) ?(.*)$/s.exec(rest)!;
        return `${size} of ${this.#runtime.size} bytes were written` +
          (errors === "" ? "" : `: ${shortened(errors)}`);
      }
      case "hash":
        return "its SHA-256 there is not the one that it has here";
      case "version":
        return (rest === ""
          ? "its --version there prints nothing"
          : `its --version there prints ${shortened(rest)}`) +
          (from === undefined
            ? "; install Node there, or name a Deno that runs there by provision.from"
            : `; ${from} is no Deno ${this.file.version} that runs there`);
      case "name":
        return "it cannot be renamed there";
      default:
        return "it ended there at once";
    }
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** The start of a text of the far end, for a message. */
function shortened(text: string): string {
  const plain = text.replace(/[:\s]+$/, "");
  return plain.length > MAX_REASON ? `${plain.slice(0, MAX_REASON)}…` : plain;
}
