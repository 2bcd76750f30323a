import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { reviveValue, valueHandle } from "./handle.ts";
import { portable } from "./portable.ts";

/** What one end tells the other of something that was thrown. */
export interface Failure {
  /** The error's name, or the type of what was thrown if it is no error. */
  readonly name: string;
  /** The error's message, or a text of what was thrown. */
  readonly message: string;
  /** The stack without the frames of the agent itself, or `null` if what was thrown has none. */
  readonly stack: string | null;
  /** Its `code`, such as `ENOENT`, if it has one. */
  readonly code?: string;
  /** What was thrown, or, of an error, a copy of what of it the codec can carry. */
  readonly thrown?: unknown;
}

/** The agent's own frames, by the identifier of its module, and those that are always between it and a function. */
const OWN = /chopsticks:(agent|files)|^\s+at (new )?AsyncLocalStorage\.run |\(node:internal\//;

/** Describes what was thrown, for {@linkcode decodeFailure} at the other end. */
export function encodeFailure(thrown: unknown): Uint8Array {
  const failure = describe(thrown);
  try {
    const carried = thrown instanceof Error ? portable(thrown) : thrown;
    return encode({ ...failure, thrown: carried }, { handle: valueHandle });
  } catch {
    return encode(failure);
  }
}

/** Reads what {@linkcode encodeFailure} wrote. Throws a `DecodeError` for anything else. */
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

/** A stack without the lines that only say how the agent called the function. */
export function trimStack(stack: string): string {
  return stack.split("\n").filter((line) => !OWN.test(line)).join("\n");
}

/** Trims the stacks of an error and its causes, so that the copies at the other end show the same. */
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
    return { name: "unknown", message: "What was thrown cannot be described", stack: null };
  }
}
