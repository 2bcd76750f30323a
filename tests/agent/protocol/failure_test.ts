import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  decodeFailure,
  encodeFailure,
  type Failure,
  trimStack,
} from "../../../agent/protocol/failure.ts";
import { valueHandle } from "../../../agent/protocol/handle.ts";
import { portable } from "../../../agent/protocol/portable.ts";
import { DecodeError } from "../../../codec/decode_error.ts";
import { decode } from "../../../codec/decode.ts";
import { encode } from "../../../codec/encode.ts";

const travel = (thrown: unknown): Failure => decodeFailure(encodeFailure(thrown));

Deno.test("encodeFailure() carries an error whole, if the codec can", () => {
  const error = new RangeError("too far", { cause: new Map([["limit", 7n]]) });
  const { name, message, stack, thrown } = travel(error);
  assertEquals([name, message, stack], ["RangeError", "too far", error.stack]);
  assertInstanceOf(thrown, RangeError);
  const copy = thrown as Error;
  assertEquals([copy.message, copy.stack, copy.cause], ["too far", stack, error.cause]);
});

class DatabaseError extends Error {
  override name = "DatabaseError";
  readonly connection = Symbol("connection");
  readonly table = "users";
}

class Unnamed extends RangeError {}

/** Gives an error without its stack as plain data. */
function shape(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { constructor, name, message, cause, errors } = value as AggregateError;
  return {
    ...Object.fromEntries(Object.entries(value)),
    class: constructor.name,
    name,
    message,
    ...cause !== undefined && { cause: shape(cause) },
    ...errors !== undefined && { errors: errors.map(shape) },
  };
}

const withTrap = new DatabaseError("with a trap");
Object.defineProperty(withTrap, "trap", {
  enumerable: true,
  get() {
    throw new Error("in the getter");
  },
});

/** Errors that the codec cannot carry as they are, with the expected data of their copies. */
const DEGRADED: Record<string, [error: Error, copy: unknown]> = {
  "a class of one's own": [
    new DatabaseError("no such table"),
    { class: "Error", name: "DatabaseError", message: "no such table", table: "users" },
  ],
  "a class without a name": [
    new Unnamed("too far"),
    { class: "RangeError", name: "RangeError", message: "too far" },
  ],
  "an error of the system": [
    Object.assign(new Deno.errors.NotFound("no file"), { code: "ENOENT" }),
    { class: "Error", name: "NotFound", message: "no file", code: "ENOENT" },
  ],
  "an own property without a copy": [
    Object.assign(fail("http"), { status: 404, response: new Response() }),
    { class: "Error", name: "Error", message: "http", status: 404 },
  ],
  "a getter that throws": [
    withTrap,
    { class: "Error", name: "DatabaseError", message: "with a trap", table: "users" },
  ],
  "a cause of a class of one's own": [
    fail("outer", { cause: new DatabaseError("inner", { cause: { code: 7 } }) }),
    {
      class: "Error",
      name: "Error",
      message: "outer",
      cause: {
        class: "Error",
        name: "DatabaseError",
        message: "inner",
        table: "users",
        cause: { code: 7 },
      },
    },
  ],
  "a cause that is no error": [
    fail("outer", { cause: Symbol("here") }),
    { class: "Error", name: "Error", message: "outer", cause: "Symbol(here)" },
  ],
  "a cause that has no text": [
    fail("outer", { cause: Object.assign(Object.create(null), { f: () => {} }) }),
    {
      class: "Error",
      name: "Error",
      message: "outer",
      cause: "something that cannot be described",
    },
  ],
  "several errors": [
    new AggregateError([new Unnamed("a"), Symbol("b"), undefined, fail("c")], "all"),
    {
      class: "AggregateError",
      name: "AggregateError",
      message: "all",
      errors: [
        { class: "RangeError", name: "RangeError", message: "a" },
        "Symbol(b)",
        undefined,
        { class: "Error", name: "Error", message: "c" },
      ],
    },
  ],
  "a DOMException as its cause": [
    new Unnamed("stopped", { cause: new DOMException("too late", "TimeoutError") }),
    {
      class: "RangeError",
      name: "RangeError",
      message: "stopped",
      cause: { class: "DOMException", name: "TimeoutError", message: "too late" },
    },
  ],
};

Deno.test("encodeFailure() carries of an error what the codec can", async (t) => {
  for (const [name, [error, copy]] of Object.entries(DEGRADED)) {
    await t.step(name, () => {
      const failure = travel(error);
      assertEquals([failure.name, failure.message], [error.name, error.message]);
      assert(failure.stack!.includes("failure_test.ts"));
      assertEquals((failure.thrown as Error).stack, failure.stack);
      assertEquals(shape(failure.thrown), copy);
    });
  }
});

Deno.test("encodeFailure() carries errors that caused themselves, and long chains in part", () => {
  const cyclic = new Unnamed("cyclic");
  cyclic.cause = fail("cause", { cause: cyclic });
  const copy = travel(cyclic).thrown as Error;
  assertEquals((copy.cause as Error).cause, copy);

  let long = fail("0");
  for (let i = 1; i < 1000; i++) long = fail(`${i}`, { cause: long });
  let at: unknown = travel(long).thrown;
  for (let i = 999; i > 900; i--) {
    assertEquals((at as Error).message, `${i}`);
    at = (at as Error).cause;
  }
});

function fail(message: string, options?: ErrorOptions): Error {
  return new Error(message, options);
}

Deno.test("encodeFailure() carries what is thrown and no error", () => {
  const values = new Map<unknown, [name: string, message: string]>([
    ["text", ["string", "text"]],
    [undefined, ["undefined", "undefined"]],
    [null, ["null", "null"]],
    [17, ["number", "17"]],
    [17n, ["bigint", "17"]],
  ]);
  for (const [value, [name, message]] of values) {
    assertEquals(travel(value), { name, message, stack: null, thrown: value });
  }
  const list = travel([1, 2]);
  assertEquals([list.name, list.message, list.thrown], ["object", "1,2", [1, 2]]);
  const symbol = travel(Symbol("here"));
  assertEquals(symbol, { name: "symbol", message: "Symbol(here)", stack: null });
});

Deno.test("encodeFailure() makes something of errors that resist it", () => {
  const readOnly = fail("read-only stack");
  Object.defineProperty(readOnly, "stack", { value: readOnly.stack, writable: false });
  const frozen = Object.freeze(fail("frozen"));
  const sealed = Object.seal(fail("sealed"));
  const noStack = fail("without a stack");
  delete noStack.stack;
  for (const error of [readOnly, frozen, sealed, noStack]) {
    const failure = travel(error);
    assertEquals([failure.name, failure.message], ["Error", error.message]);
  }
  const trap = fail("");
  Object.defineProperty(trap, "message", {
    get() {
      throw new Error("in the getter");
    },
  });
  const mute = {
    toString() {
      throw new Error("in toString()");
    },
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  for (const thrown of [trap, mute, Object.create(null), revoked.proxy]) {
    const failure = travel(thrown);
    assertEquals(failure.message, "The thrown value cannot be described");
    assertEquals(failure.stack, null);
  }
  const odd = fail("odd");
  Object.assign(odd, { name: 17, message: { toString: () => "an object" }, stack: 99 });
  const failure = travel(odd);
  assertEquals([failure.name, failure.message, failure.stack], ["17", "an object", null]);
});

Deno.test("decodeFailure() refuses what is no failure", () => {
  for (const value of [null, undefined, 17, "text", [], {}, { name: "x" }, { message: "y" }]) {
    assertThrows(() => decodeFailure(encode(value)), TypeError, "without a name and a message");
  }
  assertThrows(() => decodeFailure(encode({ name: 1, message: "y" })), TypeError);
  assertThrows(() => decodeFailure(new Uint8Array(0)), DecodeError);
  assertThrows(() => decodeFailure(Uint8Array.of(0xc1)), DecodeError);
  // A stack is shown to users, so it has to be text.
  const { stack } = decodeFailure(encode({ name: "x", message: "y", stack: { toString: 1 } }));
  assertEquals(stack, null);
});

Deno.test("decodeFailure() tells a thrown undefined from nothing that could be carried", () => {
  assert("thrown" in travel(undefined));
  assert(!("thrown" in travel(Symbol())));
});

Deno.test("trimStack() leaves out the frames of the agent alone", () => {
  const stack = [
    "TypeError: no chopsticks",
    "    at work (file:///home/me/work.ts:3:9)",
    "    at async file:///home/me/chopsticks.ts:1:1",
    "    at #call (chopsticks:agent:1:200)",
    "    at AsyncLocalStorage.run (node:internal/async_local_storage:1:1)",
    "    at async process.processTicksAndRejections (node:internal/process/task_queues:95:5)",
  ].join("\n");
  assertEquals(trimStack(stack).split("\n"), stack.split("\n").slice(0, 3));
});

Deno.test("encodeFailure() sends a stack without the frames of the agent", () => {
  const error = fail("in a call");
  error.stack = "Error: in a call\n    at work (file:///work.ts:1:1)\n    at chopsticks:agent:1:2";
  const sent = decode(encodeFailure(error)) as Failure;
  assertEquals(sent.stack, "Error: in a call\n    at work (file:///work.ts:1:1)");
  assertEquals((sent.thrown as Error).stack, sent.stack);
});

Deno.test("portable() has something of what tells nothing", () => {
  const fail = (): never => {
    throw 5;
  };
  for (const trap of ["ownKeys", "getPrototypeOf", "get", "getOwnPropertyDescriptor"] as const) {
    const proxy = new Proxy(new Error("secret"), { [trap]: fail });
    assertInstanceOf(portable(proxy), Error);
    encode(portable(proxy), { handle: valueHandle });
  }
});
