/**
 * Gives a function that does something a microtask later, and once for all that ask for it until
 * then.
 */
export function soon(act: () => void): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      act();
    });
  };
}
