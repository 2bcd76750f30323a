/** The resources that a scope with `using` declarations has to dispose of. */
interface UsingScope {
  /** Whether the code of the scope, or a disposal, has thrown. */
  failed: boolean;
  /** The value to await when {@linkcode step} says so. */
  value: unknown;
  /**
   * Adds the value of a declaration. The result is an object, so that a declaration can contain the
   * call.
   */
  add(value: unknown, isAsync?: boolean): object;
  /** Adds an error that was thrown. */
  fail(error: unknown): void;
  /** Disposes of resources until one has to be awaited, and tells whether there is one. */
  step(): boolean;
  /**
   * Disposes of the resources that are left, none of which has to be awaited, and throws the error,
   * if any.
   */
  end(): void;
}

/** A declared value: a DisposableResource record of the specification. */
interface Resource {
  readonly isAsync: boolean;
  /** `undefined` for the `null` or `undefined` of an `await using`. */
  readonly dispose: (() => unknown) | undefined;
}

/**
 * Does at run time what an engine does for `using` declarations: see CreateDisposableResource and
 * DisposeResources in https://tc39.es/proposal-explicit-resource-management/. The error texts are
 * V8's. The text of this function is appended to the code that `lowerUsing()` makes, so it uses
 * only built-in globals. Stacks of its errors start in that code.
 */
export function usingScope(): UsingScope {
  const resources: Resource[] = [];
  let error: unknown;
  let needsAwait = false;
  let hasAwaited = false;

  const refuse = (text: string): never => {
    const misuse = new TypeError(text);
    Error.captureStackTrace?.(misuse, scope.add);
    throw misuse;
  };

  const methodOf = (value: object, name: "dispose" | "asyncDispose"): Resource["dispose"] => {
    const method = (value as Record<symbol, unknown>)[Symbol[name]];
    if (method === undefined || method === null) return undefined;
    if (typeof method !== "function") refuse(`Symbol(Symbol.${name}) is not a function`);
    return () => Reflect.apply(method as () => unknown, value, []);
  };

  const fail = (thrown: unknown, caller: () => void): void => {
    if (scope.failed) {
      error = new SuppressedError(thrown, error, "An error was suppressed during disposal");
      Error.captureStackTrace?.(error as Error, caller);
    } else {
      error = thrown;
    }
    scope.failed = true;
  };

  const step = (caller: () => void): boolean => {
    for (let resource; (resource = resources.pop()) !== undefined;) {
      const { isAsync, dispose } = resource;
      if (dispose === undefined) {
        needsAwait = true;
        continue;
      }
      if (!isAsync && needsAwait && !hasAwaited) {
        resources.push(resource);
        break;
      }
      try {
        scope.value = dispose();
        if (isAsync) return hasAwaited = true;
      } catch (thrown) {
        fail(thrown, caller);
      }
    }
    const mustAwait = needsAwait && !hasAwaited;
    needsAwait = false;
    scope.value = undefined;
    return mustAwait;
  };

  const scope: UsingScope = {
    failed: false,
    value: undefined,
    add(value, isAsync = false) {
      if (value === null || value === undefined) {
        if (isAsync) resources.push({ isAsync, dispose: undefined });
        return scope;
      }
      if (Object(value) !== value) refuse("An object is expected with `using` declarations");
      let dispose = isAsync ? methodOf(value as object, "asyncDispose") : undefined;
      if (dispose === undefined) {
        const method = methodOf(value as object, "dispose") ??
          refuse("Symbol(Symbol.dispose) is not a function");
        dispose = isAsync ? () => new Promise<void>((done) => done(void method())) : method;
      }
      resources.push({ isAsync, dispose });
      return scope;
    },
    fail: (thrown) => fail(thrown, scope.fail as () => void),
    step: () => step(scope.step),
    end() {
      step(scope.end);
      if (scope.failed) throw error;
    },
  };
  return scope;
}
