/** Gives Node's `process`, without the import by which Node makes its stdout and stderr. */
export function nodeProcess(): NodeJS.Process {
  // deno-lint-ignore no-process-global -- an import of it takes a third of a Deno agent's start
  return process;
}

/**
 * Calls `prepare` with Node's `process` before code can use it. That is later on Deno, which only
 * makes it when it is first asked for: that takes as long as half of the agent's start.
 */
export function beforeProcess(prepare: (process: NodeJS.Process) => void): void {
  const property = "Deno" in globalThis && Object.getOwnPropertyDescriptor(globalThis, "process");
  if (!property || property.get === undefined) return prepare(nodeProcess());
  const make = (): void => {
    Object.defineProperty(globalThis, "process", property);
    prepare(nodeProcess());
  };
  Object.defineProperty(globalThis, "process", {
    ...property,
    get() {
      make();
      return nodeProcess();
    },
    set(value) {
      make();
      Object.assign(globalThis, { process: value });
    },
  });
}
