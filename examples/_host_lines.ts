import process from "node:process";
import { styleText } from "node:util";
import logUpdate from "npm:log-update@8.0.0";
import { visible } from "../mod.ts";

/** The shortest time between two drawings, in milliseconds. */
const PAUSE = 50;

/**
 * Shows how far each of many hosts is. In a terminal, each host at work has a line that changes in
 * place; elsewhere, each step prints a line of text.
 */
export class HostLines {
  // A terminal that does not know its size cannot be drawn on.
  #isLive = Boolean(process.stdout.isTTY && process.stdout.columns && process.stdout.rows);
  #waiting: ReadonlySet<string> = new Set();
  #width = 0;
  readonly #working = new Map<string, { step: string; progress: string }>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Sets the hosts that have not begun yet. */
  expect(hosts: readonly string[]): void {
    this.#waiting = new Set(hosts);
    this.#width = Math.max(...hosts.map((host) => host.length));
  }

  /** A host begins with a step. */
  begin(host: string, step: string): void {
    this.#working.set(host, { step, progress: "" });
    if (this.#isLive) this.#drawSoon();
    else console.log(`${host}: ${step}`);
  }

  /** A host is somewhere in its step. Only a terminal shows that. */
  progress(host: string, progress: string): void {
    const line = this.#working.get(host);
    if (line === undefined || !this.#isLive) return;
    line.progress = progress;
    this.#drawSoon();
  }

  /** A host is done, and this is its last line. */
  end(host: string, isOk: boolean, text: string): void {
    this.#working.delete(host);
    this.#waiting = this.#waiting.difference(new Set([host]));
    const [line = ""] = text.split("\n", 1);
    const mark = isOk ? styleText("green", "✔") : styleText("red", "✖");
    this.#write(`${mark} ${host.padEnd(this.#width)}  ${visible(line)}`);
  }

  /** Prints a line that stays. */
  print(line: string): void {
    this.#write(visible(line));
  }

  /** Stops drawing. Later output is printed as usual. */
  close(): void {
    clearTimeout(this.#timer);
    if (!this.#isLive) return;
    this.#isLive = false;
    logUpdate.clear();
    logUpdate.done();
  }

  #write(line: string): void {
    if (!this.#isLive) return console.log(line);
    logUpdate.persist(line);
    this.#draw();
  }

  #drawSoon(): void {
    this.#timer ??= setTimeout(() => this.#draw(), PAUSE);
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = [...this.#working].map(([host, { step, progress }]) =>
      `… ${host.padEnd(this.#width)}  ${step}  ${progress}`.trimEnd().slice(
        0,
        process.stdout.columns,
      )
    );
    const waiting = this.#waiting.difference(new Set(this.#working.keys())).size;
    if (waiting > 0) lines.push(`  ${waiting} waiting`);
    logUpdate(lines.join("\n"));
  }
}
