import { type Carrier, telemetry } from "../../agent/protocol/telemetry.ts";

/** By this key, the OpenTelemetry API finds the span in a context. */
const SPAN = Symbol.for("OpenTelemetry Context Key SPAN");

/** What the far end needs to continue the trace that is under way; `undefined` without traces. */
export function presentCarrier(): Carrier | undefined {
  const { context, propagation } = telemetry() ?? {};
  if (context === undefined || propagation === undefined) return undefined;
  const carrier: Carrier = {};
  propagation.inject(context.active(), carrier, {
    set: (carrier, key, value) => carrier[key] = value,
  });
  return carrier;
}

/** The same function, whose spans will be children of the span that is under way now. */
export function inPresentContext<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  const context = telemetry()?.context;
  if (context === undefined) return fn;
  const present = context.active();
  return (...args) => context.with(present, () => fn(...args));
}

/** Begins something that outlasts the span that is under way, and must have no part in it. */
export function outsideOfSpans<T>(begin: () => T): T {
  const context = telemetry()?.context;
  return context === undefined ? begin() : context.with(context.active().deleteValue(SPAN), begin);
}
