/**
 * The arguments of `deno test` for a run of everything: three processes, which run side by side.
 * One has the suites of `tests/tunnel/` itself, one the operations on files and sockets, both of
 * which mostly wait for what they have killed or for the disk, and one has the rest.
 *
 * @param args The arguments that somebody gave, which go to one process as they are.
 */
export function fullRuns(args: readonly string[]): string[][] {
  if (args.length > 0) return [["--doc", ...args]];
  const suites = [...Deno.readDirSync(new URL("../tunnel/", import.meta.url))]
    .filter(({ isFile, name }) => isFile && name.endsWith("_test.ts"))
    .map(({ name }) => `tests/tunnel/${name}`)
    .sort();
  const operations = "tests/tunnel/operation/";
  return [suites, [operations], ["--doc", `--ignore=${[...suites, operations].join(",")}`]];
}
