import { encode } from "../../codec/encode.ts";
import { ANONYMOUS, nameOf } from "./function_place.ts";
import { partsOf } from "./parts.ts";
import { canHandle } from "./sendable.ts";

// deno-lint-ignore ban-types -- any function
type AnyFunction = Function;

/** A value that a function uses. */
export interface Use {
  readonly value: unknown;
  /** What the function calls it: a variable's name, or words. */
  readonly name: string;
  readonly user: AnyFunction;
}

/** Why `fn` cannot be sent; the text tells how the function that is called comes to use it. */
export function refusal(
  fn: AnyFunction,
  reason: string,
  uses: readonly Use[],
  cause?: unknown,
): TypeError {
  const chain = [nameOf(fn)];
  const seen = new Set([fn]);
  for (let at = fn;;) {
    const use = uses.find(({ value, user }) => !seen.has(user) && reaches(value, at));
    if (use === undefined) break;
    if (nameOf(at) === ANONYMOUS) chain[0] = use.name;
    at = use.user;
    seen.add(at);
    chain.unshift(nameOf(at));
  }
  const [called, ...others] = chain;
  const through = others.length === 0 ? "" : `: it uses ${others.join(", which uses ")}`;
  return new TypeError(`Cannot send function ${called}${through}: ${reason}`, { cause });
}

/** Says which argument, or which variable of which function, an error of the codec is about. */
export function explain(error: unknown, args: unknown[], uses: readonly Use[]): unknown {
  if (!(error instanceof TypeError)) return error;
  const stub = (value: unknown): unknown => canHandle(value) ? [] : undefined;
  const problemOf = (value: unknown, name: string): TypeError | undefined => {
    try {
      encode(value, { name, handle: stub });
    } catch (problem) {
      return problem as TypeError;
    }
  };
  const problem = problemOf(args, "arguments");
  if (problem !== undefined) return problem;
  for (const { value, user, name } of uses) {
    const { message = "" } = problemOf(value, name) ?? {};
    const [, path, reason] = /^Cannot encode ([^:]*): ([^]*)$/.exec(message) ?? [];
    if (path === undefined) continue;
    const what = name.includes(" ") ? path : `variable ${path}`;
    return refusal(user, `${what} ${hasNoCopy(reason!)}`, uses, error);
  }
  return error;
}

/** `Database is not a plain object` as it is said of a variable. */
function hasNoCopy(reason: string): string {
  const name = /^(\S+) is not a plain object/.exec(reason)?.[1];
  return name === undefined ? `cannot be copied: ${reason}` : `is a ${name}, which has no copy`;
}

/** Whether `value` is `target` or has it somewhere in it. */
function reaches(value: unknown, target: unknown): boolean {
  for (const part of partsOf(value)) if (part === target) return true;
  return false;
}
