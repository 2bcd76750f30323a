import { assertEquals, assertStrictEquals } from "@std/assert";
import { calledFrom, withoutOwnFrames, withoutOwnFramesIfShort } from "../../tunnel/own_frames.ts";

const OWN_FRAME = `    at own (${new URL("../../tunnel/own.ts", import.meta.url)}:1:1)`;

/** An error of this library. */
function ownError(): Error {
  const error = new Error("own");
  error.stack = `Error: own\n${OWN_FRAME}`;
  return error;
}

/** The error of a caller. */
function start(): Error {
  const error = new Error();
  error.stack = `Error\n${OWN_FRAME}\n    at caller (file:///caller.ts:1:1)`;
  return error;
}

Deno.test("calledFrom() gives an error of this library the line of the caller", () => {
  const error = ownError();
  assertStrictEquals(calledFrom(error, start()), error);
  assertEquals(error.stack, "Error: own\n    at caller (file:///caller.ts:1:1)");
});

Deno.test("calledFrom() leaves alone what other code threw", () => {
  const other = new Error("other");
  other.stack = "Error: other\n    at other (file:///other.ts:1:1)";
  const long = Object.assign(new Error("two\nlines"), { stack: "Error: two\nlines" });
  const odd = Object.defineProperty(new Error("odd"), "message", { value: { text: "odd" } });
  const bare = Object.assign(new Error("bare"), { stack: undefined });
  for (const reason of [other, long, odd, bare, "text", undefined, null]) {
    const before = (reason as Error | null | undefined)?.stack;
    assertStrictEquals(calledFrom(reason, start()), reason);
    assertStrictEquals((reason as Error | null | undefined)?.stack, before);
    if (reason instanceof Error) assertStrictEquals(withoutOwnFramesIfShort(reason), reason);
  }
});

Deno.test("calledFrom() gives back an error though Error is frozen", () => {
  const { stackTraceLimit } = Error;
  const freeze = (writable: boolean) =>
    Object.defineProperty(Error, "stackTraceLimit", { value: stackTraceLimit, writable });
  freeze(false);
  try {
    const error = ownError();
    assertStrictEquals(calledFrom(error, start()), error);
  } finally {
    freeze(true);
  }
});

Deno.test("withoutOwnFrames() takes the frames from the errors in an error, whatever they are", () => {
  const errors = [ownError(), "text", ownError()];
  errors.length = 2 ** 32 - 1; // nobody could go through all the holes
  withoutOwnFrames(Object.assign(new AggregateError([]), { errors }));
  assertEquals(errors.slice(0, 3).map((one) => (one as Error).stack), [
    "Error: own",
    undefined,
    "Error: own",
  ]);
  for (const errors of [5, null, {}, "text"]) {
    const error = Object.assign(new AggregateError([]), { errors });
    assertStrictEquals(withoutOwnFrames(error), error);
  }
});
