import { Buffer } from "node:buffer";
import { agentHost } from "../../agent/agent_host.ts";
import type { Pipe } from "../../agent/wire/multiplexer.ts";
import type { Ask, Password, Question } from "../question.ts";
import { type Askpass, openAskpass, type RawQuestion } from "./askpass.ts";
import { checkAnswer } from "./check_answer.ts";
import { ReplayPipe } from "../connection/replay_pipe.ts";
import { Gate } from "./gate.ts";
import { LoginFailure } from "./login_failure.ts";
import { MarkedStream } from "./marked_stream.ts";
import { type SSHQuestion, sshQuestion } from "./ssh_question.ts";
import type { SudoPassword } from "./sudo_password.ts";
import { hasTerminal, interruptions } from "./terminal.ts";
import { forgetAnswers, terminalAsk } from "./terminal_ask.ts";

/** How a driver's process logs in. */
export interface LoginSetup {
  /** The version of the ssh that asks, or `undefined` if no ssh of ours asks anything. */
  readonly ssh?: number | undefined;
  /** Why that ssh cannot ask, if it cannot. */
  readonly problem?: string | undefined;
  /** Answers the login's own question. */
  readonly password?: Password | undefined;
  /** Answers sudo's. */
  readonly sudo?: SudoPassword | undefined;
}

/** Options for {@linkcode Login}. */
export interface LoginOptions extends LoginSetup {
  readonly host: string;
  /** Answers what nothing else does. Without it, whoever sits at the terminal does. */
  readonly ask: Ask | undefined;
}

/** The connection that logs in. */
export interface LoginConnection {
  /** The process that logs in, and the pipe to it. It has another id when it was restarted. */
  readonly process: { readonly pid: number | undefined; readonly pipe: Pipe };
  /** There is room again in the pipe that {@linkcode Login.begin} gave. */
  onDrain(): void;
  /** The connection has failed. */
  fail(text: string, cause?: unknown): void;
  /** The same, but the process has a moment to end by itself. */
  failAtEnd(text: string): void;
  /** The time that connecting may take stands still until {@linkcode resume}. */
  pause(): void;
  resume(): void;
  /** Whether anything still waits for the connection. */
  isWanted(): boolean;
}

/** How often the same may be asked. ssh would ask about a host key for ever. */
const MAX_ATTEMPTS = 3;

/** How many questions one login may have: a server could go on with other words for ever. */
const MAX_QUESTIONS = 50;

/** A server may hang up when an answer takes longer, in milliseconds. */
const LONG_WAIT = 1_000;

/** ssh's words for a server that hangs up. */
const HUNG_UP = /Connection (closed|reset)|Broken pipe/;

/** How many logins are under way. */
let underWay = 0;

/** Answers what is asked while one connection is made. */
export class Login {
  readonly #options: LoginOptions;
  readonly #askpass: Askpass | undefined;
  readonly #stderr: MarkedStream | undefined;
  readonly #over = new AbortController();
  readonly #since = interruptions();
  readonly #attempts: Map<string, number> = new Map();
  #connection: LoginConnection | undefined;
  #replay: ReplayPipe | undefined;
  /** The answers by their questions. */
  #given: Map<string, string> = new Map();
  /** The answers that a server did not wait for, once it is dialled again. */
  #again: Map<string, string> | undefined;
  #gate: Gate | undefined;
  #passwordFor: string | undefined;
  #sudoPrompts = 0;
  #questions = 0;
  #pending = 0;
  /** The milliseconds that the longest question had to wait. */
  #waited = 0;
  /** The questions that nobody answered, although the login went on. */
  #declined: Question[] = [];

  constructor(options: LoginOptions) {
    this.#options = options;
    const { ssh, sudo } = options;
    underWay++;
    if (ssh !== undefined) {
      try {
        this.#askpass = openAskpass((question) => this.#handleQuestion(question));
      } catch {
        // Without the helper, ssh is told not to ask.
      }
    }
    if (sudo !== undefined) {
      this.#stderr = new MarkedStream([sudo.prompt, sudo.started], (word) => {
        if (word === sudo.prompt) this.#handleSudoPrompt(sudo);
        else this.#gate?.open();
      });
    }
  }

  /** The variables that the process needs. */
  get env(): Readonly<Record<string, string>> {
    return this.#askpass?.env ?? {};
  }

  /** Whether a question has no answer yet. */
  get isAsking(): boolean {
    return this.#pending > 0;
  }

  /**
   * What an error should say besides: the questions that had no answer.
   *
   * @param stderr What the process has printed.
   */
  notes(stderr: string): string {
    const { problem = "" } = this.#options;
    const notes = this.#declined.map((question) => `; ${unanswered(question)}`).join("");
    if (this.#waited > LONG_WAIT && HUNG_UP.test(stderr)) {
      return `${notes}; an answer took ${
        Math.round(this.#waited / 1000)
      } s, and a server hangs up ` +
        "when a login takes long (LoginGraceTime): try again, and answer sooner";
    }
    return problem !== "" && /Permission denied|verification failed/.test(stderr)
      ? `${notes}; ssh could not ask anything, since ${problem}`
      : notes;
  }

  /** Begins, and returns where to write what is meant for the shell that the process starts. */
  begin(connection: LoginConnection): Pipe {
    const { process, onDrain } = connection;
    this.#connection = connection;
    let { pipe } = process;
    if (this.#askpass !== undefined) pipe = this.#replay = new ReplayPipe(pipe, onDrain);
    if (this.#stderr !== undefined) pipe = this.#gate = new Gate(pipe, onDrain);
    return pipe;
  }

  /**
   * Whether the process has ended since a server hung up when an answer took long. If that is so,
   * it may be started once more.
   *
   * @param stderr What the process has printed.
   */
  isHungUp(stderr: string): boolean {
    return this.#again === undefined && this.#waited > LONG_WAIT && HUNG_UP.test(stderr) &&
      this.#replay !== undefined && !this.#over.signal.aborted && this.#connection!.isWanted();
  }

  /** The process was started once more: the same questions get the same answers, at once. */
  handleRestart(): void {
    this.#again = this.#given;
    this.#attempts.clear();
    this.#passwordFor = undefined;
    this.#declined = [];
    this.#waited = 0;
    this.#replay!.replay();
  }

  /** Takes what the process prints on stderr, and returns it without the words of sudo. */
  handleStderr(chunk: Uint8Array): Uint8Array {
    return this.#stderr?.push(chunk) ?? chunk;
  }

  /** The login is over, whether it was successful or not. */
  end(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#replay?.forget();
    this.#given.clear();
    this.#again?.clear();
    this.#askpass?.close();
    if (--underWay === 0) forgetAnswers();
  }

  async #handleQuestion(raw: RawQuestion): Promise<void> {
    const { host, ssh = 0 } = this.#options;
    const { pid } = this.#connection!.process;
    const asked = sshQuestion(raw.text, raw.confirm, ssh >= 8.5);
    const isHop = raw.asker !== pid;
    const attempt = this.#countAttempt(asked, raw.asker);
    const question: Question = {
      host,
      ...asked.user === undefined ? {} : { user: asked.user },
      ...isHop ? { hop: asked.host ?? "an ssh on the way" } : {},
      kind: asked.kind,
      text: asked.text,
      secret: asked.secret,
      attempt,
    };
    await this.#answering(async () => {
      if (attempt > MAX_ATTEMPTS) {
        throw new LoginFailure(
          `${asker(question)} asked ${MAX_ATTEMPTS} times: ${shortened(question)}`,
        );
      }
      if (++this.#questions > MAX_QUESTIONS) {
        throw new LoginFailure(`${asker(question)} asked more than ${MAX_QUESTIONS} questions`);
      }
      const key = JSON.stringify([question.kind, question.hop, question.text]);
      const before = attempt === 1 ? this.#again?.get(key) : undefined;
      const answer = before ?? checkAnswer(question, await this.#answerTo(question, asked));
      if (answer !== undefined && this.#again === undefined) this.#given.set(key, answer);
      raw.answer(answer);
    });
  }

  /** Counts how often the same was asked. */
  #countAttempt({ kind, text }: SSHQuestion, by: number): number {
    // There may be several keys, and a one-time code may follow a password.
    const what = kind === "passphrase" || kind === "other" ? text : "";
    const key = JSON.stringify([by, kind, what]);
    const attempt = (this.#attempts.get(key) ?? 0) + 1;
    this.#attempts.set(key, attempt);
    return attempt;
  }

  /** @throws {LoginFailure} If there is no answer. */
  async #answerTo(
    question: Question,
    { isLogin, host }: SSHQuestion,
  ): Promise<string | undefined> {
    const { ask, password } = this.#options;
    const { hop, kind, text } = question;
    if (password !== undefined && hop === undefined && isLogin) {
      if (this.#passwordFor === undefined) {
        this.#passwordFor = text;
        return await (typeof password === "string" ? password : password());
      }
      if (this.#passwordFor === text && ask === undefined) {
        throw new LoginFailure(`the password was refused: ${asker(question)} asked again`);
      }
    }
    if (ask === undefined && !hasTerminal()) {
      if (kind === "passphrase" || kind === "hostkey") {
        // ssh goes on to the next key, or gives up.
        this.#declined.push(question);
        return undefined;
      }
      throw new LoginFailure(unanswered(question));
    }
    const answer = ask === undefined
      ? await terminalAsk(question, host === undefined ? [] : [host], {
        signal: this.#over.signal,
        since: this.#since,
      })
      : await ask(question);
    if (answer === undefined) {
      throw new LoginFailure(`no answer was given to ${shortened(question)}`);
    }
    return answer;
  }

  #handleSudoPrompt(sudo: SudoPassword): void {
    const { pipe } = this.#connection!.process;
    if (++this.#sudoPrompts > 1) {
      if (this.#sudoPrompts > 2) return;
      // sudo writes the failure into its log when its input ends.
      pipe.close();
      this.#connection!.failAtEnd("sudo refused the password");
      return;
    }
    this.#answering(async () => {
      const answer = checkAnswer(undefined, await sudo.get());
      if (!this.#over.signal.aborted) pipe.write([Buffer.from(`${answer}\n`)]);
    });
  }

  async #answering(work: () => Promise<void>): Promise<void> {
    const connection = this.#connection!;
    if (!connection.isWanted()) {
      return connection.fail("a question came when nothing waited any more");
    }
    this.#pending++;
    const begun = performance.now();
    connection.pause();
    try {
      await work();
    } catch (error) {
      if (this.#over.signal.aborted) return;
      if (error instanceof LoginFailure) connection.fail(error.message);
      else connection.fail("the function that should give an answer threw", error);
    } finally {
      this.#pending--;
      this.#waited = Math.max(this.#waited, performance.now() - begun);
      connection.resume();
    }
  }
}

/** Who asks, for an error. */
function asker({ hop }: Question): string {
  return hop === undefined ? "ssh" : `ssh (for ${hop}, on the way)`;
}

/** The question, on one line. Of one about a host key, what counts is the host and the key. */
function shortened({ kind, text }: Question): string {
  const told = kind === "hostkey" ? text.split("\n").slice(0, 2).join(" ") : text;
  return JSON.stringify(told.trim().replaceAll(/\s+/g, " "));
}

function unanswered(question: Question): string {
  const isFar = agentHost() !== undefined;
  const where = isFar
    ? "this tunnel was opened at a far end, where nobody is"
    : "there is no terminal to ask at";
  return `${asker(question)} asked ${shortened(question)}, and ${where}: ${
    remedy(question, isFar)
  }`;
}

function remedy({ kind, hop }: Question, isFar: boolean): string {
  const ask = isFar
    ? "the option `ask`, with a function wrapped by callback()"
    : "the option `ask`";
  if (kind === "hostkey") return `connect once with ssh itself and trust the host, or set ${ask}`;
  return hop === undefined && kind !== "passphrase"
    ? `set the option \`password\` or ${ask.replace("the option ", "")}`
    : `set ${ask}`;
}
