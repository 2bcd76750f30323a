import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { reviveValue, valueHandle } from "./handle.ts";
import { portable } from "./portable.ts";

/** Describes a thrown value to the other end. */
export interface Failure {
  /** The error's name, or the type of a thrown value that is not an error. */
  readonly name: string;
  /** The error's message, or the thrown value as text. */
  readonly message: string;
  /**
   * The stack without the frames of the agent itself, or `null` if the thrown value has no stack.
   */
  readonly stack: string | null;
  /** The error's `code`, such as `ENOENT`, if it has one. */
  readonly code?: string;
  /** The thrown value. An error is copied as far as the codec can carry it. */
  readonly thrown?: unknown;
}

/**
 * Matches the agent's own frames, which have the identifier of its module, and the frames that are
 * always between the agent and a function.
 */
const OWN = /chopsticks:(agent|files)|^\s+at (new )?AsyncLocalStorage\.run |\(node:internal\//;

/** Describes a thrown value, for {@linkcode decodeFailure} at the other end. */
export function encodeFailure(thrown: unknown): Uint8Array {
  const failure = describe(thrown);
  try {
    const carried = thrown instanceof Error ? portable(thrown) : thrown;
    return encode({ ...failure, thrown: carried }, { handle: valueHandle });
  } catch {
    return encode(failure);
  }
}

/** Reads the bytes of {@linkcode encodeFailure}. Throws an error if they are something else. */
export function decodeFailure(bytes: Uint8Array): Failure {
  const failure = decode(bytes, { revive: reviveValue }) as Partial<Failure> | null;
  const { name, message, stack, code, ...rest } = failure ?? {};
  if (typeof name !== "string" || typeof message !== "string") {
    throw new TypeError("A failure without a name and a message");
  }
  const shown = typeof stack === "string" ? stack : null;
  return {
    name,
    message,
    stack: shown,
    ...typeof code === "string" && { code },
    ..."thrown" in rest && { thrown: rest.thrown },
  };
}

/** Removes the lines that only say how the agent called the function. */
export function trimStack(stack: string): string {
  return stack.split("\n").filter((line) => !OWN.test(line)).join("\n");
}

/**
 * Trims the stacks of an error and of its causes, so that their copies at the other end show the
 * same.
 */
function trimStacks(error: Error): void {
  const all = new Set([error]);
  for (const at of all) {
    if (typeof at.stack === "string") Reflect.set(at, "stack", trimStack(at.stack));
    const { cause, errors } = at as AggregateError;
    for (const reason of [cause, ...Array.isArray(errors) ? errors : []]) {
      if (reason instanceof Error) all.add(reason);
    }
  }
}

function describe(thrown: unknown): Failure {
  try {
    if (!(thrown instanceof Error)) {
      const name = thrown === null ? "null" : typeof thrown;
      return { name, message: String(thrown), stack: null };
    }
    const stack = typeof thrown.stack === "string" ? trimStack(thrown.stack) : null;
    trimStacks(thrown);
    const { code } = thrown as NodeJS.ErrnoException;
    return {
      name: String(thrown.name),
      message: String(thrown.message),
      stack,
      ...typeof code === "string" && { code },
    };
  } catch {
    return { name: "unknown", message: "The thrown value cannot be described", stack: null };
  }
}
