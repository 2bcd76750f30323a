/**
 * Checks of types, which `deno check` makes. Nothing here, and in the files beside it, is run.
 *
 * @module
 */

/** Whether two types are the same, as TypeScript sees them; `any` is only the same as `any`. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2)
  ? true
  : false;

/** Takes no type but `true`. */
export declare function expect<T extends true>(): void;

/** Takes a value whose type is the same as `T`. */
export declare function expectType<T>(): <V>(
  value: V,
  ...same: Equal<V, T> extends true ? [] : [T]
) => void;
