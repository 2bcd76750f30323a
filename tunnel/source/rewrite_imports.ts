import { importKey } from "../../agent/protocol/module_record.ts";

/** Attributes of an import, to be replaced by the type that they give. */
export interface Edit {
  /** The position behind the quote of the import's specifier. */
  readonly from: number;
  /** The position behind the attributes. */
  readonly to: number;
  readonly type: string | undefined;
}

/** Replaces attributes by types in the specifiers. Lines stay, and columns where there is room. */
export function withTypes(source: string, edits: readonly Edit[]): string {
  let rest = source;
  for (const { from, to, type } of [...edits].sort((a, b) => b.from - a.from)) {
    const end = importKey("", type);
    const blank = source.slice(from, to).replace(/[^\r\n]/g, " ");
    const room = Math.min(end.length, blank.search(/[\r\n]|$/));
    rest = rest.slice(0, from - 1) + end + source[from - 1] + blank.slice(room) + rest.slice(to);
  }
  return rest;
}
