/**
 * The symbols under which a runtime keeps the state of objects of its own classes, such as a URL.
 *
 * @module
 */

/**
 * Makes objects of a class, by its name, and uses them, since some symbols only come then. Between
 * them, they have all symbols that an object of the class may have. Those of all other classes that
 * are sent have none, but for signals and streams.
 */
const MAKERS: Readonly<Record<string, () => object[]>> = {
  URL() {
    const url = new URL("a:b?c");
    url.searchParams.append("d", "");
    return [url];
  },
  URLSearchParams() {
    const { searchParams } = new URL("a:b?c");
    for (const [name] of [...searchParams]) searchParams.delete(name);
    return [searchParams];
  },
  Headers() {
    const headers = new Headers([["a", "b"]]);
    for (const [name] of [...headers]) headers.delete(name);
    // Deno takes milliseconds to load `Response`, whose headers have no others there.
    return "Deno" in globalThis ? [headers] : [headers, new Response().headers];
  },
  TextEncoder() {
    const encoder = new TextEncoder();
    encoder.encode("a");
    return [encoder];
  },
  TextDecoder: () =>
    ["utf-8", "utf-16le", "latin1"].map((name) => {
      const decoder = new TextDecoder(name);
      decoder.decode(new Uint8Array([0xc3]), { stream: true });
      return decoder;
    }),
  DOMException: () => [new DOMException()],
  QuotaExceededError() {
    const { QuotaExceededError: own } = globalThis as { QuotaExceededError?: new () => object };
    return own === undefined ? [] : [new own()];
  },
};

/** Classes whose objects get symbols as they are used, in more ways than can be tried. */
const CHANGING: ReadonlySet<string> = new Set(["AbortSignal", "ReadableStream"]);

const found = new Map<string, ReadonlySet<symbol>>();

/**
 * Tells whether a symbol that is a key of an object is the runtime's own. The object is of a class
 * of the runtime. If it is a signal or a stream, all its symbols that are not registered count as
 * the runtime's.
 */
export function hasFromRuntime(object: object, symbol: symbol): boolean {
  const registered = Symbol.keyFor(symbol);
  if (registered !== undefined) return /^(nodejs|Deno)\./.test(registered);
  const name = Object.prototype.toString.call(object).slice(8, -1);
  if (CHANGING.has(name)) return true;
  let symbols = found.get(name);
  if (symbols === undefined) {
    symbols = new Set((MAKERS[name]?.() ?? []).flatMap(Object.getOwnPropertySymbols));
    found.set(name, symbols);
  }
  return symbols.has(symbol);
}
