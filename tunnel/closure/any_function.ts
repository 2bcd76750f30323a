/** Any function or class. */
// deno-lint-ignore ban-types -- the one place that says so
export type AnyFunction = Function;
