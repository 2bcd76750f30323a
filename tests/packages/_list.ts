/** What is done with a package, here and at far ends. */
export interface PackageCase {
  /** The package, with its version. */
  readonly name: string;
  /** The statement that imports it. */
  readonly statement: string;
  /** What is computed with it. */
  readonly expression: string;
  /** A part of the refusal or the error that is right. */
  readonly refusal: string | undefined;
  readonly inGate: boolean;
}

/** The packages of `packages.txt`. */
export async function packageCases(): Promise<PackageCase[]> {
  const text = await Deno.readTextFile(new URL("./packages.txt", import.meta.url));
  return text.trimEnd().split("\n").filter((line) => !line.startsWith("#")).map(parseLine);
}

function parseLine(line: string): PackageCase {
  const [, star, name, imported, does] = /^(\* )?(\S+) \| (.*?) \| (.*)$/.exec(line) ?? [];
  if (name === undefined) throw new SyntaxError(`packages.txt: ${line}`);
  const [clause, path = ""] = imported!.split(" from ");
  const [expression, refusal] = does!.split(" -> ");
  return {
    name,
    statement: `import ${clause} from "npm:${name}${path}";`,
    expression: expression!,
    refusal,
    inGate: star !== undefined,
  };
}
