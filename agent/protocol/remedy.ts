/** What to do instead, by what is wrong; the words go behind a verb such as `return`. */
const REMEDIES: readonly (readonly [problem: RegExp, remedy: string])[] = [
  [/^\[Symbol\.iterator\] is a function, which/, "[...it]"],
  [/^\[Symbol\.asyncIterator\] is a function, which/, "it[Symbol.asyncIterator]()"],
  [/ is a function, which/, "its result, or let the function call a callback()"],
  [/ is a symbol, which/, "its description, or make it with Symbol.for()"],
  [/^(Response|Request) is not/, "await r.json(), or await r.text()"],
  [/^(Blob|File) is not/, "await file.text(), or await file.arrayBuffer()"],
  [/^FormData is not/, "[...form]"],
  [/^SharedArrayBuffer is not/, "new Uint8Array(memory).slice()"],
  [/^it has no bytes/, "a copy that was made before"],
  [/^Weak/, "a Map, a Set or an array"],
  [/ is not a plain object$| is a Proxy, /, "a plain object, such as { ...it }"],
];

/** The verbs for the names of values. */
const VERBS: Readonly<Record<string, string>> = { result: "return", "stream value": "yield" };

/**
 * The end of a refusal, with what to do instead; empty if the problem tells that.
 *
 * @param problem What the codec says, such as `Response is not a plain object`.
 * @param name The name of the value that is encoded, such as `result`.
 */
export function remedyFor(problem: string, name: string): string {
  const remedy = REMEDIES.find(([pattern]) => pattern.test(problem))?.[1];
  return remedy === undefined ? "" : `; ${VERBS[name] ?? "give"} ${remedy}`;
}
