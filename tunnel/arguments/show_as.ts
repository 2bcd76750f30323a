import { inspect } from "node:util";

/** How a runtime shows a value that is in the one it shows. */
type Inspect = (value: unknown, options: object) => string;

/**
 * Makes Deno and Node show an object, or all objects with a prototype, as `text` says.
 *
 * @param target The object or the prototype.
 * @param text Returns the text for an object. With `show`, it can show a value in the object.
 */
export function showAs<T extends object>(
  target: T,
  text: (object: T, show: (value: unknown) => string) => string,
): void {
  Object.defineProperties(target, {
    [Symbol.for("Deno.customInspect")]: {
      value(this: T, show: Inspect, options: object): string {
        return text(this, (value) => show(value, options));
      },
    },
    [Symbol.for("nodejs.util.inspect.custom")]: {
      value(this: T, _depth: number, options: object, show: Inspect = inspect): string {
        return text(this, (value) => show(value, options));
      },
    },
  });
}
