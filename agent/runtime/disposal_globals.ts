/**
 * Gives engines without `using` declarations what else goes with these: Node before 18.18 has no `Symbol.dispose`,
 * and before 24 no `SuppressedError`. It has to come before the classes that have methods of these names, and before
 * the codec, which carries such errors.
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
// A class with another name would get a shorter one in the bundle.
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
