import { type Handle, HandleKind } from "../../agent/protocol/handle.ts";

/** The handle of a symbol that is the same everywhere; `undefined` for any other. */
export function symbolHandle(symbol: symbol): Handle | undefined {
  const key = Symbol.keyFor(symbol);
  if (key !== undefined) return [HandleKind.SYMBOL_FOR, key];
  const name = symbol.description?.replace(/^Symbol\./, "") ?? "";
  const known = (Symbol as unknown as Record<string, unknown>)[name];
  return known === symbol ? [HandleKind.SYMBOL, name] : undefined;
}
