import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PackageFiles } from "./package_files.ts";

/** The files of its own package that a module names. */
export interface NamedFiles {
  /** The paths of files that it may read. */
  readonly data: ReadonlySet<string>;
  /** The paths of modules that it may start, such as the script of a worker. */
  readonly modules: ReadonlySet<string>;
  /** Whether it seems to open files, or to have another package look for a native addon. */
  readonly isReader: boolean;
}

/** The ways in which a module finds out where it is. */
const HERE = String.raw`(?:__dirname|__filename|import\.meta\.(?:dirname|filename|url))`;
const HERE_ALONE = new RegExp(String.raw`\b${HERE}`);
const LOCATES = new RegExp(String.raw`\b(?:${HERE}|import\.meta\.resolve|require\.resolve)\b`);
const READS =
  /\b(?:readFile|readTextFile|createReadStream|open(?:Sync)?|exists(?:Sync)?|l?stat(?:Sync)?|real[pP]ath(?:Sync)?|readdir|readDir|access|fetch)\b|\b(?:readFile|readTextFile|readdir|readDir|access)Sync\b/;
const READS_OR_RUNS = new RegExp(`${READS.source}|\\bWorker\\b`);
const LITERAL = /(["'`])((?:(?!\1)[^\\\n]){1,200}?)\1/g;
/** What a module mentions that looks for the package.json in the folders around it. */
const OWN_PACKAGE = /(["'`])package\.json\1|\bread-?(?:pkg|package)|\b(?:pkg|package)-?(?:up|dir)/i;
/** What follows the module's place in `join(__dirname, "..", "data")` and `__dirname + "/data"`. */
const BESIDE = new RegExp(
  HERE + String.raw`\s*\)?((?:\s*[,+]\s*(["'${"`"}])(?:(?!\2)[^\\\n]){1,200}?\2)+)`,
  "g",
);
const IN_TEMPLATE = new RegExp(String.raw`\$\{\s*${HERE}\s*\}([^${"`"}$\\\n]{1,200})`, "g");
const NEW_URL = /\bnew\s+URL\(\s*(["'`])([^"'`\n]{1,200})\1\s*,\s*import\.meta\.url\b/g;
const RESOLVE = /\b(?:import\.meta|require)\.resolve\(\s*(["'`])(\.[^"'`\n]{1,200})\1\s*\)/g;
const RESOLVE_PACKAGE = /\brequire\.resolve\(\s*(["'`])([^."'`\n][^"'`\n]{0,200})\1\s*\)/g;
const CODE = /\.(?:[cm]?[jt]sx?|map|node)$/;
const MODULE = /\.[cm]?js$/;
const RUNS = /\.[cm]?[jt]sx?$/;

/**
 * The files that a module names. Names are looked for in the text, and only what the package has
 * counts, so a name that means something else does no harm.
 *
 * @returns `undefined` for a module that does not find out where it is.
 */
export function namedFiles(
  source: string,
  url: string,
  { root, files, hasAddon }: PackageFiles,
): NamedFiles | undefined {
  if (!LOCATES.test(source)) {
    return hasAddon ? { data: new Set(), modules: new Set(), isReader: true } : undefined;
  }
  const folder = dirname(fileURLToPath(url));
  const data = new Set<string>();
  const modules = new Set<string>();
  const add = (name: string, isBeside: boolean): void => {
    const path = join(folder, name).replace(/(?<=.)\/$/, "");
    const found = files.get(path);
    if (found === undefined) return;
    if (found.size !== null) {
      if (!CODE.test(path)) data.add(path);
      else if (isBeside && MODULE.test(path)) modules.add(path);
    } else if (
      path !== root && (isBeside || name.includes("/")) && !`${folder}/`.startsWith(`${path}/`)
    ) {
      for (const [inner, { size }] of files) {
        if (size !== null && inner.startsWith(`${path}/`) && !CODE.test(inner)) data.add(inner);
      }
    }
  };
  for (const [, , name] of source.matchAll(LITERAL)) add(name!, false);
  for (const [, names] of source.matchAll(BESIDE)) {
    const parts = [...names!.matchAll(LITERAL)].map(([, , part]) => part!);
    for (let n = 1; n <= parts.length; n++) add(parts.slice(0, n).join("/"), true);
  }
  for (const [, rest] of source.matchAll(IN_TEMPLATE)) {
    // What is put in behind it is not known, but the folder is.
    add(rest!, true);
    add(rest!.replace(/[^/]*$/, ""), true);
  }
  for (const name of urlNames(source)) add(name, true);
  const own = join(root, "package.json");
  if (OWN_PACKAGE.test(source) && files.has(own)) data.add(own);
  const isReader = hasAddon || READS_OR_RUNS.test(source);
  // It may read even a module as text, as uglify-js reads its own.
  for (const [, , name] of isReader ? source.matchAll(RESOLVE) : []) {
    const path = join(folder, name!);
    if (typeof files.get(path)?.size === "number") data.add(path);
  }
  return { data, modules, isReader };
}

/** The names of modules of other packages whose paths a module that opens files asks for. */
export function resolvedNames(source: string): string[] {
  if (!LOCATES.test(source) || !READS.test(source)) return [];
  return [...source.matchAll(RESOLVE_PACKAGE)].map(([, , name]) => name!);
}

/**
 * The paths of files and folders that a module, or the code of a function, names by its own place,
 * and may look for: itself and its folder, too. They need not exist.
 */
export function soughtFiles(source: string, url: string): string[] {
  if (!url.startsWith("file:") || !LOCATES.test(source) || !READS.test(source)) return [];
  const own = namesItself(source) ? [url, "."] : [];
  const paths = [...besideNames(source), ...own].flatMap((name): string[] => {
    try {
      return [fileURLToPath(new URL(name, url)).replace(/(?<=.)\/$/, "")];
    } catch {
      return []; // it only looks like a name of a file
    }
  });
  return [...new Set(paths)];
}

/** Whether code that opens files asks for its own place with no name of a file behind it. */
function namesItself(source: string): boolean {
  const rest = [NEW_URL, BESIDE, IN_TEMPLATE].reduce(
    (left, one) => left.replaceAll(one, ""),
    source,
  );
  return HERE_ALONE.test(rest) && READS.test(rest.replace(/\bfetch\b/g, ""));
}

/** The names in each `new URL()` that is relative to a module. */
function urlNames(source: string): string[] {
  return [...source.matchAll(NEW_URL)].map(([, , name]) => name!);
}

/**
 * The URLs of modules that a module names by its own place: it may start workers of them. They need
 * not exist.
 */
export function namedModules(source: string, url: string): string[] {
  if (!LOCATES.test(source)) return [];
  const urls = besideNames(source).filter((name) => RUNS.test(name))
    .map((name) => new URL(name, url).href);
  return [...new Set(urls)].filter((one) => one !== url && /^(file|https?):/.test(one));
}

/** The names that a module puts behind its own place, as relative URLs. */
function besideNames(source: string): string[] {
  const names = urlNames(source);
  for (const [, , name] of source.matchAll(RESOLVE)) names.push(name!);
  for (const [, rest] of source.matchAll(BESIDE)) {
    const name = [...rest!.matchAll(LITERAL)].map(([, , part]) => part!).join("/");
    // Behind a module's own URL or path, the first ".." takes away its name.
    names.push(name, name.replace(/^\/\.\.\//, "./"));
  }
  for (const [, rest] of source.matchAll(IN_TEMPLATE)) names.push(rest!);
  // A path is relative to the module's folder, or has its slash in front.
  return names.map((name) => /^[a-z]+:/.test(name) ? name : name.replace(/^\/*/, "./"));
}
