/**
 * V8's inspector, asked in one step: what is sent of a call is what there was when the call was
 * made, so no other code may run between a question and its answer.
 *
 * @module
 */

import { Session } from "node:inspector";
import process from "node:process";
import { setTimeout } from "node:timers";
import { entryModule, isInteractive } from "./entry_module.ts";

/** The URLs of scripts by V8's number for them; they never change. */
const urls = new Map<string, string>();
/** V8's numbers for the scripts that were loaded from a URL, in their order. */
const numbers = new Map<string, string[]>();
/** The JavaScript of scripts by V8's number for them; it never changes. */
const sources = new Map<string, string>();

/**
 * A REPL and a notebook run code inside a message to the inspector, and no other message may be
 * sent meanwhile: Deno would panic.
 */
const insideInspector = isInteractive(entryModule() ?? "");

/** Resolves when the inspector may be used; `undefined` if it may be right now. */
export function inspectorAllowed(): Promise<void> | undefined {
  return insideInspector ? new Promise((resolve) => setTimeout(resolve, 0)) : undefined;
}

/** What the inspector answers. */
type Answer = Record<string, unknown>;

/** What the inspector's callback is given. */
interface Outcome {
  readonly error: Error | null;
  readonly result: unknown;
}

/** A session with V8's inspector. Whoever opens it closes it. */
export class V8Session {
  readonly #session = new Session();
  #hasScripts = false;

  /**
   * Opens a session.
   *
   * @param purpose How an error begins, such as `Cannot read its code`.
   * @throws {TypeError} If this process may not use the inspector.
   */
  constructor(purpose: string) {
    try {
      this.#session.connect();
    } catch (cause) {
      // Deno has no flag for the inspector alone.
      throw new TypeError(
        `${purpose}: this process may not use V8's inspector; run it with --allow-sys`,
        { cause },
      );
    }
  }

  /** Ends the session; objects that were handed over stay as they are. */
  close(): void {
    this.#session.disconnect();
  }

  /**
   * Asks the inspector, and gives its answer at once. V8 answers while it is asked; Node passes the
   * answer on at once, and Deno in the next tick, which is therefore run here.
   */
  post(method: string, params: object = {}): Answer {
    const { error, result } = this.#ask(method, params) ?? this.#askAnew(method, params);
    if (error) throw error;
    return result as Answer;
  }

  /** Asks the same of several objects that the inspector has ids for, which is faster. */
  postAll(method: string, params: readonly object[]): Answer[] {
    const answers: Answer[] = [];
    let failed: Error | null = null;
    const take = (error: Error | null, result: unknown): void => {
      failed ??= error;
      answers.push(result as Answer);
    };
    runWithTicks(() => params.forEach((one) => this.#session.post(method, one, take)));
    if (failed !== null) throw failed;
    if (answers.length < params.length) throw noAnswer(method);
    return answers;
  }

  #ask(method: string, params: object): Outcome | undefined {
    let outcome: Outcome | undefined;
    runWithTicks(() =>
      this.#session.post(method, params, (error, result) => void (outcome = { error, result }))
    );
    return outcome;
  }

  /**
   * Deno holds all answers back until the next tick once V8 has told of a script that was loaded
   * since the last question. A new connection has no such backlog, and needs the objects' ids anew.
   */
  #askAnew(method: string, params: object): Outcome {
    this.#session.disconnect();
    this.#session.connect();
    if (this.#hasScripts) this.#ask("Debugger.enable", {});
    const outcome = this.#ask(method, params);
    if (outcome === undefined) throw noAnswer(method);
    return outcome;
  }

  /** The URL of a script, `""` for one that has none. */
  urlOf(scriptId: string): string {
    if (!urls.has(scriptId)) this.readScripts();
    return urls.get(scriptId) ?? "";
  }

  /** The JavaScript that V8 runs of a script; `undefined` if there is none with this number. */
  sourceOf(scriptId: string): string | undefined {
    const known = sources.get(scriptId);
    if (known !== undefined) return known;
    this.readScripts();
    try {
      const { scriptSource } = this.post("Debugger.getScriptSource", { scriptId });
      sources.set(scriptId, scriptSource as string);
      return scriptSource as string;
    } catch {
      return undefined;
    }
  }

  /** The JavaScript that was last loaded from `url`; `undefined` if V8 has none. */
  sourceAt(url: string): string | undefined {
    this.readScripts();
    for (const id of numbers.get(url)?.toReversed() ?? []) {
      const source = this.sourceOf(id);
      // Deno gives the URL of a CommonJS module to a module that it makes of its exports, too.
      const isMade = source?.startsWith("import { createRequire as __internalCreateRequire,");
      if (source !== undefined && !isMade) return source;
    }
    return undefined;
  }

  /** Learns the URLs of the scripts that are loaded. V8 tells of all of them, once in a session. */
  readScripts(): void {
    if (this.#hasScripts) return;
    this.#hasScripts = true;
    this.#session.on(
      "Debugger.scriptParsed",
      ({ params: { scriptId, url } }) => {
        if (urls.has(scriptId)) return;
        urls.set(scriptId, url);
        numbers.set(url, [...numbers.get(url) ?? [], scriptId]);
      },
    );
    this.post("Debugger.enable");
  }
}

/**
 * Does something with a session, which is opened when it is first asked for, and closed afterwards.
 */
export function withV8<T>(purpose: string, work: (session: () => V8Session) => T): T {
  let session: V8Session | undefined;
  try {
    return work(() => session ??= new V8Session(purpose));
  } finally {
    session?.close();
  }
}

let wanted = new Set<string>();
let answers: Promise<ReadonlyMap<string, string | undefined>> | undefined;

/** The JavaScript that V8 runs of the script at `url`; `undefined` if none is loaded from there. */
export async function scriptSource(url: string): Promise<string | undefined> {
  wanted.add(url);
  answers ??= scriptSources();
  return (await answers).get(url);
}

/** Answers all that is asked at about the same time: V8 lists all scripts for each session. */
async function scriptSources(): Promise<ReadonlyMap<string, string | undefined>> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  const asked = wanted;
  wanted = new Set();
  answers = undefined;
  return withV8(
    "Cannot read its code",
    (session) => new Map(Array.from(asked, (url) => [url, session().sourceAt(url)])),
  );
}

/** The URLs of the scripts that V8 has loaded. */
export function loadedScripts(): string[] {
  withV8("Cannot find a module", (session) => session().readScripts());
  return [...new Set(urls.values())];
}

function noAnswer(method: string): Error {
  return new Error(`V8's inspector gave no answer to ${method}`);
}

/** Does `work`, and then what it asked to have done in the next tick. */
function runWithTicks(work: () => void): void {
  const ticks: (() => void)[] = [];
  const { nextTick } = process;
  process.nextTick = (callback: (...args: unknown[]) => void, ...args: unknown[]): void =>
    void ticks.push(() => callback(...args));
  try {
    work();
  } finally {
    process.nextTick = nextTick;
  }
  for (const tick of ticks) tick();
}
