import process from "node:process";
import { createLogUpdate } from "npm:log-update@8.0.0";
import { foldNames } from "../group/ranges/fold_names.ts";
import { widthOf, wrapped } from "../group/table/text_width.ts";
import { clearBeforeQuestions, isAsking } from "../tunnel/login/terminal.ts";
import { visible } from "../tunnel/visible.ts";

/** Milliseconds between two drawings. Work that is done before the first one shows nothing. */
const PAUSE = 250;

/** Hosts that have been at work for so many milliseconds are named. */
const SLOW = 2_000;

/** A line at the bottom of a terminal that says how many hosts are done, and which are slow. */
export class Progress {
  readonly #size: number;
  // Hiding the cursor would have it handle signals, too, which ends the process.
  readonly #draw = createLogUpdate(process.stderr, { showCursor: true });
  readonly #timer: ReturnType<typeof setInterval>;
  /** When each host that is at work was begun. */
  readonly #begun = new Map<string, number>();
  #done = 0;
  #failed = 0;
  #note = "";
  #isHidden = false;

  constructor(size: number) {
    this.#size = size;
    this.#timer = setInterval(() => this.#isHidden || this.show(), PAUSE);
    clearBeforeQuestions(() => this.#draw.clear());
  }

  /** A host is begun. */
  begin(host: string): void {
    this.#begun.set(host, performance.now());
  }

  /** A host is done. */
  end(host: string, isOk: boolean): void {
    this.#begun.delete(host);
    this.#done++;
    if (!isOk) this.#failed++;
  }

  /** Says something in front of all else. */
  note(text: string): void {
    this.#note = text;
    this.show();
  }

  /** Takes the line away, so that something can be printed. */
  hide(): void {
    this.#isHidden = true;
    this.#draw.clear();
  }

  /** Shows the line, unless the terminal is needed for a question. */
  show(): void {
    this.#isHidden = false;
    if (!isAsking()) this.#draw(this.#line());
  }

  /** Takes the line away for good. */
  close(): void {
    clearInterval(this.#timer);
    clearBeforeQuestions(() => {});
    this.#draw.clear();
    this.#draw.done();
  }

  #line(): string {
    const failed = this.#failed === 0 ? "" : `, ${this.#failed} failed`;
    const text = `${this.#note}${this.#done} of ${this.#size} hosts done${failed}${this.#slow()}`;
    const width = process.stderr.columns ?? 80;
    if (widthOf(text) < width) return text;
    return `${wrapped(text, Math.max(1, width - 2), "anywhere")[0]}…`;
  }

  #slow(): string {
    const now = performance.now();
    const slow = [...this.#begun].filter(([, since]) => now - since >= SLOW);
    if (slow.length === 0) return "";
    // They were begun in this order.
    const seconds = Math.floor((now - slow[0]![1]) / 1_000);
    const names = foldNames(slow.map(([host]) => visible(host))).join(",");
    return `; ${slow.length} at work for up to ${seconds} s: ${names}`;
  }
}
