import { type Files, makeProject } from "./_project.ts";

/** A chain of modules: each imports the next one, and some later ones. */
export interface Chain extends AsyncDisposable {
  /** The URL of module `i`. */
  url(i: number): string;
  /** A function of the first module. It needs all modules, and gives their number. */
  readonly first: () => number;
}

/** Makes and imports a chain of `length` modules. */
export async function makeChain(length: number): Promise<Chain> {
  const files: Record<string, string> = {};
  for (let i = 0; i < length; i++) {
    const next = i + 1 < length ? `import { count as next } from "./m${i + 1}.ts";` : "";
    files[`m${i}.ts`] = `${next}
      ${2 * i + 1 < length ? `import "./m${2 * i + 1}.ts";` : ""}
      let loads = 0;
      export function load(): number { return ++loads; }
      export function count(): number { return 1 + ${next === "" ? 0 : "next()"}; }
      export const text: string = "${crypto.randomUUID()}";`;
  }
  const project = await makeProject(files satisfies Files);
  const url = (i: number): string => `file://${project.folder}/m${i}.ts`;
  const { count } = await import(url(0));
  return { url, first: count, [Symbol.asyncDispose]: () => project[Symbol.asyncDispose]() };
}
