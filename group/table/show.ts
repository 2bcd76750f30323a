import { inspect } from "node:util";
import type { Show } from "./result_table.ts";
import { terminalWidth } from "./text_width.ts";

/** An inspecting function: `Deno.inspect`, or Node's. */
type Inspect = (value: unknown, options: Record<string, unknown>) => string;

/** The options of an inspecting function that matter here. */
interface InspectOptions {
  readonly depth?: number | null;
  readonly colors?: boolean;
  /** How far the text must be indented here; Deno leaves that to custom inspection. */
  readonly indentationLvl?: number;
}

/** How the objects of a class are shown. `show` gives the text of a part of an object. */
export interface Looks<T> {
  /** In a terminal of this width. */
  text(value: T, show: Show, options: { colors: boolean; width: number }): string;
  /** In a notebook, as HTML. */
  html(value: T, show: Show): string;
}

/** The function that the runtime's console uses. Deno's and Node's differ in their quotes. */
const native: Inspect = (globalThis as { Deno?: { inspect: Inspect } }).Deno?.inspect ?? inspect;

/**
 * Without colours, which are for our own words and not for what hosts say; on one line, or on as
 * many as a width needs.
 */
function brief(breakLength: number): Record<string, unknown> {
  return {
    colors: false,
    compact: breakLength === Infinity ? true : 3,
    breakLength,
    iterableLimit: 10,
    maxArrayLength: 10,
  };
}

/** Makes Deno, Node and notebooks show the objects of a class as `looks` says. */
export function defineLooks<T extends object>(prototype: T, looks: Looks<T>): void {
  const define = (key: string, value: (this: T, ...args: never[]) => unknown): unknown =>
    Object.defineProperty(prototype, Symbol.for(key), { value });
  const text = (value: T, show: Inspect, options: InspectOptions): string => {
    const { depth = 4, colors = false, indentationLvl = 0 } = options;
    const width = terminalWidth() - indentationLvl;
    return looks.text(
      value,
      (part, width) => show(part, { ...brief(width), depth }),
      { colors, width },
    );
  };
  define("Deno.customInspect", function (show: Inspect, options: InspectOptions) {
    const { indentationLvl = 0 } = options;
    return text(this, show, options).replaceAll("\n", `\n${" ".repeat(indentationLvl)}`);
  });
  define(
    "nodejs.util.inspect.custom",
    function (depth: number | null, options: InspectOptions, show: Inspect = inspect) {
      if (depth !== null && depth < 0) return `[${this.constructor.name}]`;
      return text(this, show, { ...options, depth });
    },
  );
  define("Jupyter.display", function () {
    return {
      "text/plain": text(this, native, {}),
      "text/html": looks.html(this, (part, width) => native(part, brief(width))),
    };
  });
}
