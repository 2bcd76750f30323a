/** What the encoder throws inside: why a value has no encoding, and the way to it. */
export class Refusal {
  /** The steps from the root, the last one first: each container adds its own as it unwinds. */
  readonly steps: string[] = [];
  /** What is wrong, as the end of a sentence. */
  readonly problem: string;
  /** Whether the value is only nested too deeply. */
  readonly deep: boolean;

  constructor(problem: string, deep = false) {
    this.problem = problem;
    this.deep = deep;
  }

  /** Gives the error for the caller, for a root called `name`. */
  toError(name: string): Error {
    const steps = this.steps.reverse();
    if (this.deep && steps.length > 8) steps.splice(8, Infinity, "…");
    const text = `Cannot encode ${name}${steps.join("")}: ${this.problem}`;
    return this.deep ? new RangeError(text) : new TypeError(text);
  }
}

/** Says why `value` has no encoding. */
export function describe(value: unknown): string {
  if (typeof value === "symbol") return `${String(value)} is a symbol, which has no copy`;
  if (typeof value === "function") {
    return `${value.name || "an anonymous function"} is a function, which is not data`;
  }
  const constructor = (value as object).constructor;
  const name = typeof constructor === "function" && constructor.name || "an anonymous class";
  if (name === "Promise") return "Promise is not a value yet; await it first";
  if (/^Weak/.test(name)) return `${name} holds its members weakly, so it has no copy`;
  // Such as what Object.create() makes with another prototype.
  if (name === "Object") return "an object with a prototype of its own is not a plain object";
  return `${name} is not a plain object`;
}
