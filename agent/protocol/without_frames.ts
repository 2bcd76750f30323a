/**
 * Makes an error without frames: they would be ours, which say nothing of an error that came over a
 * channel, and to write them takes a hundred times as long as to make the error.
 */
export function withoutFrames<E extends Error>(make: () => E): E {
  const limit = Error.stackTraceLimit;
  try {
    // Somebody may have frozen `Error`, so that an assignment would throw.
    Reflect.set(Error, "stackTraceLimit", 0);
    return make();
  } finally {
    Reflect.set(Error, "stackTraceLimit", limit);
  }
}
