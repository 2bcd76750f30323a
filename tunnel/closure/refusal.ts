import { encode } from "../../codec/encode.ts";
import { type EncodeRefusal, isEncodeRefusal } from "../../codec/encode_refusal.ts";
import type { AnyFunction } from "./any_function.ts";
import { ANONYMOUS, nameOf } from "./function_place.ts";
import { partsOf } from "./parts.ts";
import { canHandle } from "./sendable.ts";

/** A value that a function uses. */
export interface Use {
  readonly value: unknown;
  /** How an error names the value. */
  readonly name: string;
  /** Whether that is the name of a variable, rather than words. */
  readonly isVariable: boolean;
  readonly user: AnyFunction;
}

/**
 * The refusal of one function. The user gets the `TypeError` that {@linkcode toError} makes of it,
 * once it is known which functions use the function.
 */
export class FunctionRefusal extends Error {
  readonly fn: AnyFunction;
  /** Why the function cannot be sent, as the end of a sentence. */
  readonly reason: string;

  constructor(fn: AnyFunction, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.fn = fn;
    this.reason = reason;
  }

  /** The error for the user, which says how the called function comes to use this one. */
  toError(uses: readonly Use[]): TypeError {
    const chain = [nameOf(this.fn)];
    const seen = new Set([this.fn]);
    for (let at = this.fn;;) {
      const use = uses.find(({ value, user }) => !seen.has(user) && reaches(value, at));
      if (use === undefined) break;
      if (nameOf(at) === ANONYMOUS) chain[0] = use.name;
      at = use.user;
      seen.add(at);
      chain.unshift(nameOf(at));
    }
    const [called, ...others] = chain;
    const through = others.length === 0 ? "" : `: it uses ${others.join(", which uses ")}`;
    return new TypeError(`Cannot send function ${called}${through}: ${this.reason}`, {
      cause: this.cause,
    });
  }
}

/**
 * Makes of a refusal of the codec an error that names the argument, or the function and its
 * variable.
 *
 * @returns `error` itself if it is another error, or about a value that is nested too deeply.
 */
export function explain(error: unknown, args: readonly unknown[], uses: readonly Use[]): unknown {
  if (!isEncodeRefusal(error) || error.kind === "depth") return error;
  const ofArguments = refusalOf(args, "arguments");
  if (ofArguments !== undefined) return ofArguments;
  for (const { value, user, name, isVariable } of uses) {
    const found = refusalOf(value, name);
    if (found === undefined) continue;
    const subject = isVariable ? `variable ${found.path}` : found.path;
    const reason = found.className === undefined
      ? `cannot be copied: ${found.problem}`
      : `is a ${found.className}, which has no copy`;
    return new FunctionRefusal(user, `${subject} ${reason}`, { cause: error }).toError(uses);
  }
  return error;
}

/** The codec's refusal of `value`, if anything that can have a handle has one. */
function refusalOf(value: unknown, name: string): EncodeRefusal | undefined {
  const handle = (value: unknown): unknown => canHandle(value) ? [] : undefined;
  try {
    encode(value, { name, handle });
    return undefined;
  } catch (error) {
    return isEncodeRefusal(error) ? error : undefined;
  }
}

/** Whether `value` is `target` or has it somewhere in it. */
function reaches(value: unknown, target: unknown): boolean {
  for (const part of partsOf(value)) if (part === target) return true;
  return false;
}
