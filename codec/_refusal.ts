import { bytesProblem } from "./bytes_problem.ts";
import type { EncodeRefusal } from "./encode_refusal.ts";

/** Thrown within the encoder: why a value has no encoding, and the way to it. */
export class Refusal {
  /** The steps from the root, the last one first: each container adds its own as it unwinds. */
  readonly steps: string[] = [];
  readonly #data: Pick<EncodeRefusal, "problem" | "kind" | "className">;

  constructor(problem: string, kind: EncodeRefusal["kind"] = "value", className?: string) {
    this.#data = { problem, kind, className };
  }

  /** Gives the error for the caller, for a root called `name`. */
  toError(name: string): Error {
    const { problem, kind } = this.#data;
    const steps = this.steps.reverse();
    const isDeep = kind === "depth";
    if (isDeep && steps.length > 8) steps.splice(8, Infinity, "…");
    const path = name + steps.join("");
    const error = new (isDeep ? RangeError : TypeError)(`Cannot encode ${path}: ${problem}`);
    for (const [key, value] of Object.entries({ ...this.#data, path })) {
      Object.defineProperty(error, key, { value });
    }
    return error;
  }
}

/** Says why nothing can encode `value`. */
export function refusalOf(value: unknown): Refusal {
  if (typeof value === "symbol") {
    return new Refusal(`${String(value)} is a symbol, which has no copy`);
  }
  if (typeof value === "function") {
    return new Refusal(`${value.name || "an anonymous function"} is a function, which is not data`);
  }
  const problem = bytesProblem(value as object);
  if (problem !== undefined) return new Refusal(problem);
  const { constructor } = value as object;
  // A static property may have taken the place of the name.
  const name = typeof constructor === "function" ? String(constructor.name) : "";
  if (name === "Promise") return new Refusal("Promise is not a value yet; await it first");
  if (name.startsWith("Weak")) {
    return new Refusal(`${name} holds its members weakly, so it has no copy`);
  }
  // Object.create() makes objects with such a prototype.
  if (name === "Object") {
    return new Refusal("an object with a prototype of its own is not a plain object");
  }
  const shown = name || "an anonymous class";
  return new Refusal(`${shown} is not a plain object`, "value", name || undefined);
}
