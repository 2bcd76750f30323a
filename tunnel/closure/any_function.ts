/** Any function or class, whatever its parameters are. */
// deno-lint-ignore ban-types -- it is nowhere called
export type AnyFunction = Function;
