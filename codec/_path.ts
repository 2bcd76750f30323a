import { isStackOverflow } from "./depth.ts";
import { Refusal } from "./_refusal.ts";

/** Writes the step from a container to something in it as a program would write it. */
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

/** The step to an entry's value: by its key if that can be written, else by its index. */
export const entryStep: Step = (key, index) =>
  typeof key === "string" || typeof key === "number"
    ? `.get(${JSON.stringify(key)})`
    : memberStep(key, index);

/** No step: from an array with other properties to its elements, which add their own. */
export const noStep: Step = () => "";

/** The step from a value to its handle. */
export const handleStep: Step = () => "<handle>";

/**
 * Adds a step to the path of a refusal that passes by a container. Other errors, such as those of a
 * caller's getter, are passed on as they are; only a stack overflow becomes a refusal.
 */
export function trace(error: unknown, step?: Step, key?: unknown, index = 0): unknown {
  if (isStackOverflow(error)) {
    return new Refusal("it is nested deeper than the stack allows", "depth");
  }
  if (error instanceof Refusal && step !== undefined) {
    try {
      error.steps.push(step(key, index));
    } catch {
      // Hardly anything is left of the stack here. The path then shows its beginning only.
    }
  }
  return error;
}
