import { command } from "../services/command.ts";
import type { PackageCase } from "./_list.ts";

const COMPARE = import.meta.resolve("./_compare.ts");

/**
 * Uses a package here and at far ends that do not see this disk: a Deno agent and Node agents.
 *
 * @param nodes The paths of Node.
 * @returns What is wrong; `undefined` if all did the same, or refused what is right to refuse.
 */
export async function checkPackage(
  { name, statement, expression, refusal }: PackageCase,
  nodes: readonly string[],
): Promise<string | undefined> {
  const folder = await Deno.makeTempDir();
  try {
    const code = `${statement}\nexport const use = async () => (${expression});\n`;
    await Deno.writeTextFile(`${folder}/use.ts`, code);
    const main = `import { use } from "./use.ts"; import { compareHidden } from "${COMPARE}";\n` +
      `await compareHidden(use, ${JSON.stringify(folder)}, ${JSON.stringify(nodes)});\n`;
    await Deno.writeTextFile(`${folder}/main.ts`, main);
    const flags = ["-A", "--no-check", "--no-lock", "--no-config", "--quiet"];
    const run = await command([Deno.execPath(), "run", ...flags, `${folder}/main.ts`], {
      signal: AbortSignal.timeout(120_000),
      env: { NO_COLOR: "1" },
    });
    const marked = run.stdout.split("\n").findLast((line) => line.startsWith("OUTCOMES "));
    if (marked === undefined) return `${name}: it does not run here: ${run.stderr.split("\n")[0]}`;
    const [here, ...there] = JSON.parse(marked.slice("OUTCOMES ".length)) as string[][];
    for (const [agent, outcome] of there) {
      const isRight = refusal === undefined ? outcome === here![1] : outcome!.includes(refusal);
      if (!isRight) return `${name}: here ${here![1]}, ${agent} ${outcome}`;
    }
    return undefined;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
