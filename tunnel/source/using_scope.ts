/** What a scope with `using` declarations has to dispose of. */
export interface UsingScope {
  /** Whether the code of the scope, or a disposal, has thrown. */
  failed: boolean;
  /** What has to be awaited when {@linkcode step} says so. */
  value: unknown;
  /** Takes in the value of a declaration. Gives an object, so that the call can be in a declaration itself. */
  add(value: unknown, isAsync?: boolean): object;
  /** Takes in what was thrown. */
  fail(error: unknown): void;
  /** Disposes of what is left, up to where something has to be awaited, and tells whether that is so. */
  step(): boolean;
  /** Disposes of what is left, where nothing has to be awaited, and throws what there is to throw. */
  end(): void;
}

/** A declared value, as the specification has it in its DisposableResource records. */
interface Resource {
  readonly isAsync: boolean;
  /** There is none for the `null` or `undefined` of an `await using`. */
  readonly dispose: (() => unknown) | undefined;
}

/**
 * Does at run time what an engine does for `using` declarations: see CreateDisposableResource and
 * DisposeResources in https://tc39.es/proposal-explicit-resource-management/. The texts are V8's. The function's
 * own text is put behind code that lowerUsing() has made: it uses built-in globals, and nothing else. Stacks of
 * its errors start at the code that it is put behind.
 */
export function usingScope(): UsingScope {
  const resources: Resource[] = [];
  let error: unknown;
  let needsAwait = false;
  let hasAwaited = false;

  const refuse = (text: string): never => {
    const refusal = new TypeError(text);
    Error.captureStackTrace?.(refusal, scope.add);
    throw refusal;
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
      let dispose = isAsync ? methodOf(value, "asyncDispose") : undefined;
      if (dispose === undefined) {
        const method = methodOf(value, "dispose") ??
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
