/*
 * How the architecture test looks at the code: functions from sources to problems, each of which is
 * one line that names the file and says what to do. They see nothing but their arguments, so that
 * the test can try them on small trees.
 */

/** Source files, by their paths in the repository. */
export type Sources = ReadonlyMap<string, string>;

/** Something that a file imports or exports from. */
export interface Import {
  readonly specifier: string;
  /** It is gone when the types are. */
  readonly isType: boolean;
}

/**
 * Who may import whom: from a room to the rooms that it may import besides itself. A room is a
 * folder, with a slash at its end, or a single file. The longest name that fits a file is its room.
 */
export type Rooms = Readonly<Record<string, readonly string[]>>;

/** An import of one file by another. */
export type Arrow = readonly [from: string, to: string];

const STATEMENT = /^(import|export)\b([^"';]*?\bfrom)?\s*"([^"]+)"/gm;
const DYNAMIC = /^(?!\s*(?:\/\/|\/?\*)).*?(typeof )?\bimport\("([^"]+)"\)/gm;

/** The imports of a file that `deno fmt` has formatted: each statement begins its line. */
export function importsOf(source: string): Import[] {
  const found: Import[] = [];
  for (const [, , names = "", specifier] of source.matchAll(STATEMENT)) {
    found.push({ specifier: specifier!, isType: isTypeOnly(names) });
  }
  for (const [, type, specifier] of source.matchAll(DYNAMIC)) {
    found.push({ specifier: specifier!, isType: type !== undefined });
  }
  return found;
}

/** @param names All between `import` and the specifier. */
function isTypeOnly(names: string): boolean {
  if (/^\s+type\s+(?!from\b)/.test(names)) return true;
  const list = names.match(/^\s*\{([^}]*)\}\s*from$/)?.[1]?.split(",").map((name) => name.trim());
  return list !== undefined && list.every((name) => name === "" || name.startsWith("type "));
}

/** The path in the repository that a relative specifier in `file` means. */
function targetOf(file: string, specifier: string): string {
  return new URL(specifier, `file:///${file}`).pathname.slice(1);
}

/** What a file imports of the repository. */
function targetsOf(
  file: string,
  source: string,
  counts: (one: Import) => boolean = () => true,
): string[] {
  return importsOf(source)
    .filter((one) => one.specifier.startsWith(".") && counts(one))
    .map(({ specifier }) => targetOf(file, specifier));
}

/** The room of a file, if the table has one. */
export function roomOf(file: string, rooms: Rooms): string | undefined {
  return Object.keys(rooms)
    .filter((room) => room === file || room.endsWith("/") && file.startsWith(room))
    .sort((a, b) => b.length - a.length)[0];
}

/**
 * Imports that the table does not allow.
 *
 * @param up The one import that may go against the table.
 */
export function forbiddenImports(files: Sources, rooms: Rooms, up?: Arrow): string[] {
  const problems: string[] = [];
  for (const [file, source] of files) {
    const room = roomOf(file, rooms);
    if (room === undefined) {
      problems.push(`${file} is in no room: move it into one, or add a row for it to the table`);
      continue;
    }
    const allowed = [room, ...rooms[room]!];
    for (const target of targetsOf(file, source)) {
      if (file === up?.[0] && target === up[1]) continue;
      if (allowed.includes(roomOf(target, rooms)!)) continue;
      const others = rooms[room]!.length === 0 ? "nothing" : `only ${rooms[room]!.join(", ")}`;
      problems.push(
        `${file} imports ${target}, but ${room} may import ${others}: move what is needed down, ` +
          `hand it in as an argument, or change the table`,
      );
    }
  }
  return problems;
}

/** Rows and entries of the table that name something that is not there. */
export function staleRooms(files: Sources, rooms: Rooms): string[] {
  const used = new Set([...files.keys()].map((file) => roomOf(file, rooms)));
  const empty = Object.keys(rooms).filter((room) => !used.has(room));
  const unknown = Object.values(rooms).flat().filter((room) => !Object.hasOwn(rooms, room));
  return [
    ...empty.map((room) => `${room} has a row in the table, but no file: remove the row`),
    ...new Set(unknown.map((room) => `${room} is allowed to some rooms, but has no row: add it`)),
  ];
}

/** Imports of files that are private to another folder: `_name.ts`, but for the bundles. */
export function privateImports(files: Sources): string[] {
  const problems: string[] = [];
  for (const [file, source] of files) {
    // tests/ mirrors the tree, and a test may look into what it tests.
    const mirrored = file.replace(/^tests\//, "");
    for (const target of targetsOf(file, source)) {
      const [, folder, name] = target.match(/^(.*\/|)(_[^/]*)$/) ?? [];
      if (folder === undefined || name!.endsWith("_bundle.ts")) continue;
      if (target.startsWith("tests/") || mirrored.startsWith(folder)) continue;
      problems.push(
        `${file} imports ${target}, which is private to ${folder}: use what the folder exports, ` +
          `or take the _ off its name and move it into a room`,
      );
    }
  }
  return problems;
}

/**
 * Cycles of imports that are still there when the types are gone: at least one, if there are any.
 */
export function valueCycles(files: Sources): string[] {
  const graph = graphOf(files, ({ isType }) => !isType);
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) {
      const cycle = [...way.slice(way.indexOf(file)), file].join(" -> ");
      found.push(`A cycle of imports: ${cycle}: move what both ends need into a file below them`);
    }
    if (done.has(file)) return;
    done.add(file);
    for (const target of graph.get(file) ?? []) visit(target, [...way, file]);
  };
  for (const file of files.keys()) visit(file, []);
  return found;
}

/**
 * Circles of files that reach each other if types count too, but for the one circle through `up`.
 *
 * @param most How many files may be in that one.
 */
export function typeCircles(files: Sources, [from, to]: Arrow, most: number): string[] {
  const arrows = importsOf(files.get(from) ?? "")
    .filter(({ specifier }) => targetOf(from, specifier) === to);
  if (arrows.length === 0) return [`${from} does not import ${to}: take it off the table`];
  if (arrows.some(({ isType }) => !isType)) return [`${from} may import only types of ${to}`];

  const graph = graphOf(files, () => true);
  const reach = new Map([...files.keys()].map((file) => [file, reached(graph, file)]));
  const problems: string[] = [];
  const done = new Set<string>();
  for (const file of [from, ...files.keys()]) {
    if (done.has(file)) continue;
    const circle = [...reach.get(file)!].filter((other) => reach.get(other)?.has(file));
    circle.forEach((one) => done.add(one));
    const names = circle.sort().join(", ");
    if (file === from && circle.length > most) {
      problems.push(
        `The circle through ${from} -> ${to} has ${circle.length} files, at most ${most} may be: ` +
          `${names}: let them import less of each other`,
      );
    } else if (file !== from && circle.length > 0) {
      problems.push(
        `These import each other in a circle, of types at least: ${names}: ` +
          `move the types that they share into a file below them`,
      );
    }
  }
  return problems;
}

function graphOf(files: Sources, counts: (one: Import) => boolean): Map<string, string[]> {
  return new Map([...files].map(([file, source]) => [file, targetsOf(file, source, counts)]));
}

/** All that a file imports, directly or not; with itself, if it is in a circle. */
function reached(graph: ReadonlyMap<string, readonly string[]>, start: string): Set<string> {
  const all = new Set(graph.get(start));
  for (const file of all) for (const target of graph.get(file) ?? []) all.add(target);
  return all;
}

/** Imports that fail for a user who imports a file by its URL: our `deno.json` does not apply. */
export function unreachableImports(files: Sources): string[] {
  const known = [
    /^\.\.?\/.*\.ts$/,
    /^node:[a-z]/,
    /^npm:(?:@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(?:-[\w.]+)?(?:\/|$)/,
  ];
  const problems: string[] = [];
  for (const [file, source] of files) {
    for (const { specifier } of importsOf(source)) {
      if (!known.some((form) => form.test(specifier))) {
        problems.push(
          `${file} imports ${specifier}: only a relative path with .ts, node:, or npm: with a ` +
            `full version works without a deno.json`,
        );
      } else if (specifier.startsWith(".") && !files.has(targetOf(file, specifier))) {
        problems.push(
          `${file} imports ${targetOf(file, specifier)}, which is not shipped: ` +
            `see publish in deno.json`,
        );
      }
    }
  }
  return problems;
}

/**
 * Files that are too long, and exceptions that are not needed any more.
 *
 * @param most How many lines a file may have.
 * @param exceptions From a path to the reason why that file may be longer.
 */
export function longFiles(
  files: Sources,
  most: number,
  exceptions: Readonly<Record<string, string>>,
): string[] {
  const problems: string[] = [];
  for (const [file, source] of files) {
    const lines = source.replace(/\n$/, "").split("\n").length;
    if (lines <= most || Object.hasOwn(exceptions, file)) continue;
    problems.push(
      `${file} has ${lines} lines, at most ${most} may be: cut it where one concept ends, ` +
        `or list it with the reason`,
    );
  }
  for (const file of Object.keys(exceptions)) {
    const source = files.get(file);
    if (source === undefined) problems.push(`${file} is listed as long, but not there: remove it`);
    else if (source.replace(/\n$/, "").split("\n").length <= most) {
      problems.push(`${file} is listed as long, but is not: remove it from the list`);
    }
  }
  return problems;
}

/** Classes that are too long. `deno fmt` closes each in the column in which it begins. */
export function longClasses(files: Sources, most: number): string[] {
  const problems: string[] = [];
  const classes = /^( *)(?:export )?(?:abstract )?class (\w+)[^]*?\n\1\}$/gm;
  for (const [file, source] of files) {
    for (const [text, , name] of source.matchAll(classes)) {
      const lines = text.split("\n").length;
      if (lines > most) {
        problems.push(
          `class ${name} in ${file} has ${lines} lines, at most ${most} may be: ` +
            `give a part of its state to a class of its own`,
        );
      }
    }
  }
  return problems;
}

/** Lines with a comment that go beyond a column; `deno fmt` wraps code only. */
export function longComments(files: Sources, columns: number): string[] {
  const problems: string[] = [];
  for (const [file, source] of files) {
    for (const [i, line] of source.split("\n").entries()) {
      const isComment = /^\s*(?:\/\/|\/?\*)/.test(line) || /[;,{}()] \/\/ [^"'`]*$/.test(line);
      if (!isComment || [...line].length <= columns) continue;
      problems.push(`${file}:${i + 1}: the comment goes beyond column ${columns}: wrap it`);
    }
  }
  return problems;
}
