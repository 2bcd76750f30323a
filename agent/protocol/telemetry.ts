/** The OpenTelemetry API that a runtime or a program has registered, as far as it is used here. */
export interface Telemetry {
  readonly trace: {
    getTracer(name: string): Tracer;
  };
  readonly context?: {
    active(): Context;
    with<T>(context: Context, run: () => T): T;
  };
  readonly propagation?: {
    inject(context: Context, carrier: Carrier, setter: CarrierSetter): void;
    extract(context: Context, carrier: Carrier, getter: CarrierGetter): Context;
  };
}

/** Makes spans. */
export interface Tracer {
  startActiveSpan<T>(
    name: string,
    options: { readonly kind: number; readonly attributes: Readonly<Record<string, unknown>> },
    run: (span: Span) => T,
  ): T;
}

/** A piece of work in a trace. */
export interface Span {
  setAttribute(key: string, value: string): unknown;
  setStatus(status: { readonly code: number; readonly message: string }): unknown;
  recordException(error: { name: string; message: string; stack: string }): unknown;
  end(): void;
}

/** Knows the span that is under way. */
export interface Context {
  deleteValue(key: symbol): Context;
}

/** A context as texts: `traceparent` and the like of W3C, unless other propagators are in use. */
export type Carrier = Record<string, string>;

interface CarrierSetter {
  set(carrier: Carrier, key: string, value: string): void;
}

interface CarrierGetter {
  get(carrier: Carrier, key: string): string | undefined;
  keys(carrier: Carrier): string[];
}

/**
 * Where the API is registered, by Deno itself with `OTEL_DENO=true`. A module that would find it
 * (`npm:@opentelemetry/api`) costs time at each start, and does no more than this.
 */
const KEY = Symbol.for("opentelemetry.js.api.1");

/** The registered API, if it makes traces. */
export function telemetry(): Telemetry | undefined {
  const api = (globalThis as unknown as Record<symbol, Telemetry | undefined>)[KEY];
  return api?.trace === undefined ? undefined : api;
}
