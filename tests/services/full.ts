/**
 * The arguments of `deno test` for a run of everything: two processes, which run side by side. One
 * has the suites of `tests/tunnel/` itself and the transfers, which mostly wait for what they have
 * killed or for the disk, and the other has the rest.
 *
 * @param args The arguments that somebody gave, which go to one process as they are.
 */
export function fullRuns(args: readonly string[]): string[][] {
  if (args.length > 0) return [["--doc", ...args]];
  const suites = [...Deno.readDirSync(new URL("../tunnel/", import.meta.url))]
    .filter(({ isFile, name }) => isFile && name.endsWith("_test.ts"))
    .map(({ name }) => `tests/tunnel/${name}`)
    .sort()
    .concat("tests/tunnel/operation/");
  return [suites, ["--doc", `--ignore=${suites.join(",")}`]];
}
