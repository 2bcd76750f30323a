/**
 * A function of `Deno` that finds the controller's files, too, has as this the one that knows the
 * disk alone.
 */
export const ON_DISK: unique symbol = Symbol.for("chopsticks.onDisk");
