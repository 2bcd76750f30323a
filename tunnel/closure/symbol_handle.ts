import { type Handle, HandleKind } from "../../agent/protocol/handle.ts";

/** The numbers of symbols that the script has made: each is one symbol of its own at an agent. */
const numbers = new Map<symbol, number>();

/** Whether a symbol is the same everywhere: a registered or a well-known one. */
export function isCommonSymbol(symbol: symbol): boolean {
  return symbolHandle(symbol)[0] !== HandleKind.OWN_SYMBOL;
}

/** The handle of a symbol: one that is the same everywhere, or one of the script's own. */
export function symbolHandle(symbol: symbol): Handle {
  const key = Symbol.keyFor(symbol);
  if (key !== undefined) return [HandleKind.SYMBOL_FOR, key];
  const name = symbol.description?.replace(/^Symbol\./, "") ?? "";
  const known = (Symbol as unknown as Record<string, unknown>)[name];
  if (known === symbol) return [HandleKind.SYMBOL, name];
  let number = numbers.get(symbol);
  if (number === undefined) numbers.set(symbol, number = numbers.size);
  return [HandleKind.OWN_SYMBOL, number, symbol.description];
}
