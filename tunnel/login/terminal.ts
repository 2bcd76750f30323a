import { closeSync, openSync, writeSync } from "node:fs";
import process from "node:process";
import { StringDecoder } from "node:string_decoder";
import { setTimeout } from "node:timers";
import { ReadStream } from "node:tty";
import { LineEditor } from "./line_editor.ts";

/** A question for whoever sits at the terminal. */
export interface Prompt {
  /** Gives what is shown in front of the answer. It is called when it is the question's turn. */
  readonly text: () => string;
  /** Whether the answer is not shown. */
  readonly secret: boolean;
  /** The question does not matter any more. */
  readonly signal: AbortSignal;
  /** What {@linkcode interruptions} gave when that began which the question is about. */
  readonly since: number;
}

/** Milliseconds in which a signal that this process sends itself arrives. */
const SIGNAL_DELAY = 50;

/** Signals that end a script from outside, which must not leave the terminal in raw mode. */
const DEADLY: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP"];

/** Settles when the terminal is free for the next question. */
let turn: Promise<unknown> = Promise.resolve();
let interrupts = 0;

/** The question that is shown now. */
let shown: { readonly line: () => string; readonly write: (text: string) => void } | undefined;

/** Clears the terminal's last lines before a question is shown below them. */
let clearLines = (): void => {};

/** Whether a question is shown now: then nothing else may be drawn. */
export function isAsking(): boolean {
  return shown !== undefined;
}

/** Sets what clears lines that are drawn in place before a question is shown. */
export function clearBeforeQuestions(clear: () => void): void {
  clearLines = clear;
}

/** Prints something while a question may be shown: then the question is below it again. */
export function besideQuestion(print: () => void): void {
  shown?.write("\r\x1b[K");
  print();
  shown?.write(shown.line());
}

/**
 * How often Ctrl-C was pressed at a question. It is meant for all that was under way then, so none
 * of that asks any more.
 */
export function interruptions(): number {
  return interrupts;
}

/** Whether somebody at a terminal can be asked. */
export function hasTerminal(): boolean {
  if (!process.stdin.isTTY && !process.stderr.isTTY) return false;
  try {
    closeSync(openSync("/dev/tty", "r+"));
    return true;
  } catch {
    return hasStreams();
  }
}

/** Whether stdin and stderr are a terminal. Deno opens `/dev/tty` only with all permissions. */
function hasStreams(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** The terminal while it is asked. */
interface OpenTerminal {
  readonly input: ReadStream;
  readonly write: (text: string) => void;
  readonly close: () => void;
}

/** Opens a terminal of our own if that is possible: a script may read stdin itself. */
function openTerminal(): OpenTerminal {
  try {
    const fd = openSync("/dev/tty", "r+");
    const input = new ReadStream(fd);
    const write = (text: string): void => void writeSync(fd, text);
    return { input, write, close: () => void input.destroy() };
  } catch (error) {
    if (!hasStreams()) throw error;
    const input = process.stdin;
    input.ref();
    const write = (text: string): void => void process.stderr.write(text);
    return { input, write, close: () => void input.pause().unref() };
  }
}

/**
 * Asks at the terminal, one question after the other.
 *
 * @returns The answer, or `undefined` if there is none: Ctrl-C, or Ctrl-D in an empty line.
 */
export function askAtTerminal(prompt: Prompt): Promise<string | undefined> {
  const answer = turn.then(() =>
    prompt.since === interrupts && !prompt.signal.aborted ? readAnswer(prompt) : undefined
  );
  turn = answer.catch(() => {});
  return answer;
}

/**
 * Reads one line. The terminal is in raw mode meanwhile, so that it is as it was before when a
 * signal ends the script: what Ctrl-C and Ctrl-Z do, is done here.
 */
function readAnswer({ text, secret, signal }: Prompt): Promise<string | undefined> {
  const { input, write: print, close } = openTerminal();
  const decoder = new StringDecoder("utf8");
  const write = (shown: string): void => whileThere(() => print(shown));
  const question = text();
  return new Promise((resolve) => {
    const editor = new LineEditor(secret ? () => {} : write);
    const line = (): string => question.split("\n").at(-1)! + (secret ? "" : editor.line);
    const restore = (): void => whileThere(() => input.setRawMode(false));
    let isOver = false;
    const leave = (): void => {
      signal.removeEventListener("abort", withdraw);
      process.off("exit", restore);
      for (const name of DEADLY) process.off(name, raise);
      shown = undefined;
      restore();
      write("\n");
      input.off("error", withdraw);
      input.off("end", withdraw);
      input.off("data", take);
      isOver = true;
      close();
    };
    const finish = (answer: string | undefined): void => {
      leave();
      resolve(answer);
    };
    const withdraw = (): void => finish(undefined);
    const raise = (name: NodeJS.Signals): void => {
      interrupts++;
      leave();
      raiseHere(name);
      // The script's own handler comes first, and not the error that there was no answer.
      setTimeout(() => resolve(undefined), SIGNAL_DELAY);
    };
    const suspend = (): void => {
      restore();
      raiseHere("SIGTSTP");
      // This happens when the script goes on.
      setTimeout(() => {
        if (isOver) return;
        input.setRawMode(true);
        write(line());
      }, SIGNAL_DELAY);
    };
    signal.addEventListener("abort", withdraw);
    process.on("exit", restore);
    for (const name of DEADLY) process.on(name, raise);
    input.on("error", withdraw);
    input.on("end", withdraw);
    const take = (chunk: Uint8Array): void => {
      for (const char of decoder.write(chunk as never)) {
        const event = editor.push(char);
        if (event === "end") return finish(editor.line);
        if (event === "none") return finish(undefined);
        if (event === "interrupt") return raise("SIGINT");
        if (event === "quit") return raise("SIGQUIT");
        if (event === "suspend") suspend();
      }
    };
    input.on("data", take);
    input.resume();
    input.setRawMode(true);
    clearLines();
    write(question);
    shown = { line, write };
  });
}

/** Does something with a terminal that may be gone: then there is nothing to do. */
function whileThere(act: () => void): void {
  try {
    act();
  } catch {
    // Its window has been closed.
  }
}

/** Sends a signal on. Those of keys go to the terminal's whole foreground group. */
function raiseHere(name: NodeJS.Signals): void {
  try {
    process.kill(DEADLY.includes(name) ? process.pid : 0, name);
  } catch {
    // Deno lacks the permission to send signals.
    if (name !== "SIGTSTP" && !process.emit(name)) process.exit(130);
  }
}
