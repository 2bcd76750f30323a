/** What every engine has, and no global leads to, by the names that the specification uses. */
export const INTRINSICS: Readonly<Record<string, unknown>> = {
  AsyncFunction: (async () => {}).constructor,
  GeneratorFunction: (function* () {}).constructor,
  AsyncGeneratorFunction: (async function* () {}).constructor,
  TypedArray: Object.getPrototypeOf(Uint8Array),
};
