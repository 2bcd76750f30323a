import type { EncodeRefusal } from "../../codec/encode_refusal.ts";
import type { AnyFunction } from "./any_function.ts";
import { ANONYMOUS, nameOf } from "./function_place.ts";

/** How a function or a value was found: in what another function uses. */
export interface Way {
  /** The function that uses it; `undefined` for the arguments of the call. */
  readonly user: AnyFunction | undefined;
  /** What it is called there: `variable rows`, `arguments`, `property list`, `bound this`. */
  readonly name: string;
  /** The steps from there, such as `[0].db`. */
  readonly steps: string;
}

/** What a refusal says as data. */
export interface RefusalData {
  /** The variable that cannot be sent. */
  readonly variable?: string | undefined;
  /** The path to what cannot be sent, such as `rows[0].db`. */
  readonly path?: string | undefined;
  readonly cause?: unknown;
  /** What to do instead, if that is not {@linkcode REMEDY}. */
  readonly remedy?: string | undefined;
}

/** The error for something that cannot be sent. */
export function refusal(
  text: string,
  { cause, variable, path }: RefusalData = {},
): TypeError {
  const error = new TypeError(text, cause === undefined ? undefined : { cause });
  // Not enumerable: a printed error would show them after the message, which says the same.
  for (const [key, value] of Object.entries({ variable, path })) {
    if (value !== undefined) Object.defineProperty(error, key, { value, configurable: true });
  }
  return error;
}

/** The error for what is nested too deeply, as the codec found. */
export function tooDeep({ path: found, problem }: EncodeRefusal, position: string): RangeError {
  // The arguments are the second of the values; see request.ts.
  const path = found.replace(/^values\[1\]/, "arguments")
    .replace(/^values.*/s, "what the function uses");
  const text = `Cannot encode ${path}: ${problem}; make it flatter, or a text${position}`;
  return Object.defineProperty(new RangeError(text), "path", { value: path });
}

/** Whether this library is in one file with the script, as `deno bundle` makes it. */
const IS_BUNDLED = !/\/tunnel\/closure\/refusal\.[jt]s$/.test(new URL(import.meta.url).pathname);

/** What to do instead of sending what has no copy. */
export const REMEDY: string = IS_BUNDLED
  ? "make it inside the function: this script is a bundle, in which all functions go with copies " +
    "of what they use"
  : "make it inside the function, or move the function to a module of its own, " +
    "which is loaded there";

/**
 * The start of a refusal: `Cannot send function report: it uses helper, which uses query`.
 *
 * @param fn The function that cannot be sent, or that uses what cannot be sent.
 * @param wayTo How each function was found.
 */
export function cannotSend(
  fn: AnyFunction,
  wayTo: ReadonlyMap<AnyFunction, Way>,
): string {
  const chain = [nameOf(fn)];
  const seen = new Set([fn]);
  for (let at = fn;;) {
    const way = wayTo.get(at);
    if (way?.user === undefined || seen.has(way.user)) break;
    if (chain[0] === ANONYMOUS) chain[0] = way.name.replace(/^(variable|property) /, "");
    at = way.user;
    seen.add(at);
    chain.unshift(nameOf(at));
  }
  const [called, ...others] = chain;
  const through = others.length === 0 ? "" : `: it uses ${others.join(", which uses ")}`;
  return `Cannot send function ${called}${through}`;
}
