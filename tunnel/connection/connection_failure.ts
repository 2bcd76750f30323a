import { NO_LINE, OLDEST_DENO, OLDEST_NODE, SILENCE } from "../../agent/protocol/exit_code.ts";
import {
  ConnectionError,
  type ConnectionErrorOptions,
  RuntimeNotFoundError,
} from "../connection_error.ts";
import { visible } from "../visible.ts";
import type { Login } from "../login/login.ts";
import { PROVISION_ADVICE } from "../provision/provision_advice.ts";
import type { Provisioning } from "../provision/provisioning.ts";
import { loginAdvice } from "../login/login_advice.ts";
import type { BootReader, FallenInterpreter } from "./boot_reader.ts";
import { isClientNotice } from "./client_notice.ts";
import { type InterpreterOptions, searchedPlaces } from "./interpreters.ts";
import { isNotReady } from "./not_ready.ts";
import type { PipeProcess } from "./pipe_process.ts";
import { isOnlyNoise, reasonIn } from "./reason.ts";
import type { StderrLines } from "./stderr_lines.ts";

/** Options for {@linkcode ConnectionFailure}: where it looks for what has happened. */
export interface ConnectionFailureOptions {
  readonly host: string;
  /** The argv of the process. */
  readonly command: readonly string[];
  readonly interpreters: InterpreterOptions;
  /** The agent's working folder, if it was given. */
  readonly cwd: string | undefined;
  /** The time for connecting, in milliseconds. */
  readonly connectTimeout: number;
  readonly process: Pick<PipeProcess, "exit">;
  readonly boot: Pick<BootReader, "stage" | "interpreter" | "failure" | "fallen" | "noise">;
  readonly lines: Pick<StderrLines, "tail">;
  readonly login?: Pick<Login, "notes"> | undefined;
  readonly provisioning?: Pick<Provisioning, "stage"> | undefined;
}

/** What an error calls the versions that would do. */
const WANTED = {
  deno: `Deno ${OLDEST_DENO} or newer`,
  node: `Node ${OLDEST_NODE} or newer`,
} as const;

/** Why the first line that the shell got was not the one that was sent. */
const LINE_EATEN = "something at the far end reads stdin before the agent's shell does, " +
  "such as a `read` in ~/.bashrc: let it do so only in an interactive shell";

/** A longer line is cut. */
const MAX_REASON = 300;

/** So many sections of stderr are kept. */
const MAX_SECTIONS = 100;

/** Makes the errors that say why there is no connection, or why it was lost. */
export class ConnectionFailure {
  /** Whether the agent was up. After that, stderr may hold what anything printed. */
  wasUp = false;
  /** The agent's exit code, if the shell around it told it. */
  agentExitCode: number | undefined;
  /** What each interpreter that did not come up has printed, in order. */
  readonly #said: string[] = [];
  /** Why the login was refused, if the process is to end for that. */
  refusal: string | undefined;

  readonly #options: ConnectionFailureOptions;

  constructor(options: ConnectionFailureOptions) {
    this.#options = options;
  }

  /** Takes what an interpreter has printed that did not come up. */
  addSaid(text: string): void {
    if (!this.wasUp && this.#said.length < MAX_SECTIONS) this.#said.push(text);
  }

  /** The process could not be started. */
  ofSpawn(error: NodeJS.ErrnoException): ConnectionError {
    const { code, message } = error;
    const isFolder = /\bcwd\b/.test(message);
    const missing = isFolder
      ? "the folder that this script runs in is gone"
      : "there is no such program";
    const reason = code === "ENOENT" ? missing : message;
    return this.#notConnected(`cannot run ${this.#program}: ${reason}`, error);
  }

  /** A question of the login has no answer. */
  ofLogin(text: string, cause?: unknown): ConnectionError {
    return this.#notConnected(text, cause);
  }

  /** No interpreter can be brought, or nothing wants it any more. */
  ofProvisioning(text: string, cause?: unknown): ConnectionError {
    return this.#notConnected(text, cause);
  }

  /** The agent was not up in time. */
  ofTimeout(milliseconds: number): ConnectionError {
    const before = this.#fallen().map((text) => `; ${text}`).join("");
    const text = `no answer within ${milliseconds} ms, ${this.#stage()}${before}`;
    return this.#notConnected(text, undefined, this.#options.boot.stage === "shell");
  }

  /** The agent does not answer any more. */
  ofSilence(milliseconds: number): ConnectionError {
    return this.#lost(`no sign of life for ${milliseconds} ms`);
  }

  /** The process, or the agent, has ended. */
  ofEnd(): ConnectionError {
    if (this.wasUp && this.agentExitCode === SILENCE) {
      return this.#lost(
        "nothing arrived there for six keepAlive intervals, so the agent ended: the link was dead, or this script was stopped",
      );
    }
    if (this.wasUp) return this.#lost(`${this.#ending()}${this.#lastLine()}`);
    if (this.refusal !== undefined) return this.#notConnected(this.refusal);
    const { cwd, login, lines, boot: { failure, stage } } = this.#options;
    if (failure === "cwd") {
      return this.#notConnected(`cannot enter the folder ${cwd}${this.#reason()}`);
    }
    if (failure === "none") return this.#notFound();
    if (stage === "shell" && this.#exitCode === NO_LINE) return this.#notConnected(LINE_EATEN);
    const notes = login?.notes(lines.tail) ?? "";
    const known = login && loginAdvice(lines.tail, notes === "");
    const reason = known === undefined
      ? this.#reason()
      : `: ${shortened(known.line).replace(/\.$/, "")}; ${known.advice}`;
    const ended = `${this.#ending()}, ${this.#stage()}${reason}`;
    return this.#notConnected(
      notes === "" ? ended : ended.replace(/\.$/, "") + notes,
      undefined,
      stage === "shell" && known === undefined && isNotReady(lines.tail),
    );
  }

  get #program(): string {
    return this.#options.command[0]!;
  }

  get #exitCode(): number | null {
    return this.agentExitCode ?? this.#options.process.exit?.code ?? null;
  }

  #lost(text: string): ConnectionError {
    const { host } = this.#options;
    return new ConnectionError(host, `Lost the connection to ${host}: ${text}`, this.#details());
  }

  #notConnected(text: string, cause?: unknown, temporary = false): ConnectionError {
    const { host } = this.#options;
    const details = { ...this.#details(cause), temporary };
    return new ConnectionError(host, `Cannot connect to ${host}: ${text}`, details);
  }

  /** There is no interpreter, and none can be brought. */
  ofNoRuntime(reason: string): RuntimeNotFoundError {
    return this.#notFound(`; Deno cannot be brought there: ${visible(reason)}`);
  }

  #notFound(unbrought?: string): RuntimeNotFoundError {
    const { host, interpreters, provisioning } = this.#options;
    const places = searchedPlaces(interpreters);
    const fallen = this.#fallen();
    const other = fallen.length === 0 ? "" : "other ";
    const wanted = (["deno", "node"] as const)
      .filter((kind) => places[kind].length > 0 && !this.#isTheOnly(places[kind]))
      .map((kind) => `no ${other}${WANTED[kind]} (looked for ${places[kind].join(", ")})`);
    const found = wanted.length === 0 ? [] : [`found ${wanted.join(" and ")}`];
    const text = `Cannot connect to ${host}: ${[...fallen, ...found].join("; ")}`;
    // A path that was given is the only one of its kind.
    const isGiven = interpreters.deno !== undefined || interpreters.runtime === "node";
    const advice = unbrought ?? (isGiven || provisioning !== undefined ? "" : PROVISION_ADVICE);
    return new RuntimeNotFoundError(host, `${text}${advice}`, this.#details());
  }

  /** Whether there is one place to look at, and what is there has failed. */
  #isTheOnly([place = "", ...more]: readonly string[]): boolean {
    const end = place.replace(/^~/, "");
    return more.length === 0 &&
      this.#options.boot.fallen.some(({ word, text }) => word === "failed" && text.endsWith(end));
  }

  /** What has become of each interpreter that did not come up. */
  #fallen(): string[] {
    return this.#options.boot.fallen.map((one, i) => this.#fall(one, this.#said[i] ?? ""));
  }

  #fall({ word, text }: FallenInterpreter, said: string): string {
    if (word === "old") return `${shortened(text)}, which is too old`;
    const space = text.indexOf(" ");
    const [code, path] = [text.slice(0, space), text.slice(space + 1)].map(shortened);
    const reason = reasonIn(said);
    const ending = code === "hung"
      ? `was not up after ${this.#options.connectTimeout / 2} ms`
      : `exited with code ${code}${meaningOf(Number(code))}`;
    return `${path} ${ending}${reason === "" ? "" : `: ${shortened(reason)}`}`;
  }

  /** How far the far end had come. */
  #stage(): string {
    const { provisioning, boot: { stage, interpreter } } = this.#options;
    if (provisioning !== undefined && provisioning.stage !== "") return provisioning.stage;
    if (stage === "shell") return "waiting for a shell at the far end";
    return stage === "interpreter" ? `starting ${visible(interpreter)}` : "waiting for the agent";
  }

  /** Who ended, and how. */
  #ending(): string {
    const code = this.#exitCode;
    if (code === null) {
      return `${this.#program} was ended by ${this.#options.process.exit?.signal ?? "a signal"}`;
    }
    // Only the shell around the agent tells the agent's code: ssh, for one, has codes of its own.
    const who = this.wasUp && this.agentExitCode !== undefined ? "the agent" : this.#program;
    return `${who} exited with code ${code}${meaningOf(code)}`;
  }

  #lastLine(): string {
    const all = this.#options.lines.tail.split("\n");
    const last = all.findLast((line) => !isClientNotice(line)) ?? all.at(-1)!;
    return last === "" ? "" : `: ${shortened(last)}`;
  }

  /** The line that says best why there is no connection. */
  #reason(): string {
    const { lines: { tail }, boot } = this.#options;
    // Some programs say why on stdout, such as nologin.
    const reason = reasonIn(isOnlyNoise(tail) && boot.noise !== "" ? boot.noise : tail);
    return reason === "" ? "" : `: ${shortened(reason)}`;
  }

  #details(cause?: unknown): ConnectionErrorOptions {
    const { command, lines, boot } = this.#options;
    return {
      command,
      exitCode: this.#exitCode,
      stderr: visible(lines.tail),
      stdout: this.wasUp ? "" : visible(boot.noise),
      ...cause === undefined ? {} : { cause },
    };
  }
}

/** What an exit code of a shell says besides. */
function meaningOf(code: number): string {
  return code > 128 && code < 160 ? ` (ended by signal ${code - 128})` : "";
}

/** The start of a line, for a message. */
function shortened(line: string): string {
  const text = visible(line);
  return text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}…` : text;
}
