import { type SourceScope, sourceScopes } from "../source/scopes.ts";
import type { FunctionScope } from "./inspector.ts";
import { offsetOf, type Script } from "./script.ts";

/** The scopes of V8 in the source of the script: each is the next one that declares its names. */
export function placesOf(
  scopes: readonly FunctionScope[],
  { source }: Script,
  { line, column }: { readonly line: number; readonly column: number },
): (SourceScope | undefined)[] {
  const around = sourceScopes(source, offsetOf(source, line, column));
  let at = 0;
  return scopes.map(({ variables }) => {
    const names = Object.keys(variables).filter((name) => name !== "arguments" && name !== "this");
    while (at < around.length && !names.every((name) => around[at]!.names.has(name))) at++;
    return around[at++];
  });
}
