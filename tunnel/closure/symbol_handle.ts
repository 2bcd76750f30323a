import { commonSymbolHandle, type Handle, HandleKind } from "../../agent/protocol/handle.ts";

/** The numbers of symbols that the script has made: each is one symbol of its own at an agent. */
const numbers = new Map<symbol, number>();

/** The handle of a symbol: one that is the same everywhere, or one of the script's own. */
export function symbolHandle(symbol: symbol): Handle {
  const common = commonSymbolHandle(symbol);
  if (common !== undefined) return common;
  let number = numbers.get(symbol);
  if (number === undefined) numbers.set(symbol, number = numbers.size);
  return [HandleKind.OWN_SYMBOL, number, symbol.description];
}
