/**
 * Defines the globals that belong to `using` declarations where they are missing: Node before 18.18
 * has no `Symbol.dispose`, and before 24 no `SuppressedError`. This module has to run before
 * classes are made that have methods of these names, and before the codec, which carries such
 * errors.
 *
 * @module
 */

function define(object: object, name: string, value: unknown): void {
  if (!Object.hasOwn(object, name)) {
    Object.defineProperty(object, name, { value, configurable: true });
  }
}

for (const name of ["dispose", "asyncDispose"]) define(Symbol, name, Symbol(`Symbol.${name}`));

const name = "SuppressedError";
// The bundler would shorten the name of a class that is declared.
const { [name]: fallback } = {
  [name]: class extends Error {
    constructor(error: unknown, suppressed: unknown, message?: string) {
      super(message);
      define(this, "error", error);
      define(this, "suppressed", suppressed);
    }
  },
};
define(fallback.prototype, "name", name);
define(globalThis, name, fallback);
