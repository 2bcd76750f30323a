import { isStackOverflow } from "./depth.ts";
import { Refusal } from "./_refusal.ts";

/** Says how one gets from a container to something in it, as it would be written in a program. */
export type Step = (key: unknown, index: number) => string;

/** The step to a property: `.name`, or `["any name"]` when it is not an identifier. */
export const propertyStep: Step = (key) =>
  /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key as string)
    ? `.${key}`
    : `[${JSON.stringify(key)}]`;

/** The step to an element of an array. */
export const indexStep: Step = (_, index) => `[${index}]`;

/** The step to an entry's key. */
export const keyStep: Step = (_, index) => `.keys()[${index}]`;

/** The step to a member of a set. */
export const memberStep: Step = (_, index) => `.values()[${index}]`;

/** The step to an entry's value: by its key, or by its place when the key is not readable. */
export const entryStep: Step = (key, index) =>
  typeof key === "string" || typeof key === "number"
    ? `.get(${JSON.stringify(key)})`
    : memberStep(key, index);

/** The step to what stands for a value. */
export const handleStep: Step = () => "<handle>";

/**
 * Adds a step to the way to what has no encoding, while the error passes by its container. What
 * has gone wrong outside of the encoder is passed on as it is.
 */
export function trace(error: unknown, step?: Step, key?: unknown, index = 0): unknown {
  if (isStackOverflow(error)) {
    return new Refusal("it is nested deeper than the stack bears", "depth");
  }
  if (error instanceof Refusal && step !== undefined) {
    try {
      error.steps.push(step(key, index));
    } catch {
      // Hardly anything is left of the stack here. The way only shows its beginning then.
    }
  }
  return error;
}
