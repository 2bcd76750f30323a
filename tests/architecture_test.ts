import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type Arrow,
  forbiddenImports,
  importsOf,
  longClasses,
  longComments,
  longFiles,
  privateImports,
  type Sources,
  staleRooms,
  typeCircles,
  unreachableImports,
  valueCycles,
} from "./_architecture.ts";
import { ROOMS } from "./_rooms.ts";

/** The one import that goes up: `union()` and the like of a tunnel give a group. */
const UP: Arrow = ["tunnel/base_tunnel.ts", "group/group.ts"];

/** How many files may be in the circle that this import closes. */
const CIRCLE = 5;
const LINES = 400;
const CLASS_LINES = 300;
const COLUMNS = 100;

/** Files that may have more lines, and why. */
const LONG_FILES: Readonly<Record<string, string>> = {
  "queue/scheduler.ts": "imports nothing, so that it can be copied as one file",
  "tests/agent/facts_test.ts": "half of it is what machines print",
  "tests/agent/runtime/_loader_cases.ts": "a table of cases that Deno and Node run as one file",
  "tests/agent/wire/channel_test.ts": "one class, from the same pair of ends",
  "tests/agent/wire/multiplexer_test.ts": "one class, and a table of offences against it",
  "tests/group/group_test.ts": "one class",
  "tests/tunnel/behaviour_test.ts": "one suite that runs over every kind of tunnel",
  "tests/tunnel/closure/_code_cases.ts": "an entry script, which cannot be cut",
  "tests/tunnel/connection/hostile_start_test.ts": "a table of ways to begin badly",
  "tests/tunnel/closure/_program_writer.ts": "a rule for each kind of statement",
  "tests/tunnel/fixture/package_functions/more.ts": "a table of functions of packages",
  "tests/tunnel/operation/fetch_dir_test.ts": "a table of trees and what is to come of them",
  "tests/tunnel/operation/sync_attack_test.ts": "attacks on the same trees",
  "tests/tunnel/operation/sync_test.ts": "a table of trees and what is to come of them",
  "tests/tunnel/session/streams_test.ts": "a table of ways in which streams end",
};

const ROOT = new URL("../", import.meta.url);

/** All source files of the repository but the bundles, which are made of the others. */
const files = new Map<string, string>();
await readFolder("");

async function readFolder(folder: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder || ".", ROOT))) {
    const path = `${folder}${name}`;
    if (isDirectory) {
      if (!name.startsWith(".") && name !== "node_modules") await readFolder(`${path}/`);
    } else if (name.endsWith(".ts")) {
      const text = await Deno.readTextFile(new URL(path, ROOT));
      files.set(path, name.endsWith("_bundle.ts") ? "" : text);
    }
  }
}

function only(counts: (file: string) => boolean): Sources {
  return new Map([...files].filter(([file]) => counts(file)));
}

const { publish } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));

const shipped = only((file) =>
  !publish.exclude.includes(file) &&
  publish.include.some((path: string) =>
    path === file || path.endsWith("/") && file.startsWith(path)
  )
);

function assertNone(problems: readonly string[]): void {
  assert(problems.length === 0, `\n  ${problems.join("\n  ")}\n`);
}

Deno.test("a room imports only rooms below it", () => {
  const roomed = only((file) => shipped.has(file) || file.startsWith("examples/"));
  assertNone([...staleRooms(roomed, ROOMS), ...forbiddenImports(roomed, ROOMS, UP)]);
});

Deno.test("shipped files import each other without a cycle, but for one of types", () => {
  assertNone([...valueCycles(shipped), ...typeCircles(shipped, UP, CIRCLE)]);
});

Deno.test("nothing imports what is private to another folder", () => {
  assertNone(privateImports(files));
});

Deno.test("shipped files import only what can be had without a deno.json", () => {
  assert(shipped.size > 100);
  assertNone(unreachableImports(shipped));
});

Deno.test("files and classes are short", () => {
  assertNone([...longFiles(files, LINES, LONG_FILES), ...longClasses(shipped, CLASS_LINES)]);
});

Deno.test("comments fit the line", () => {
  assertNone(longComments(files, COLUMNS));
});

/*
 * The tests of the checks themselves.
 */

/** A tree of files, each with its lines. */
function tree(sources: Readonly<Record<string, string>>): Sources {
  return new Map(Object.entries(sources));
}

Deno.test("importsOf() tells types from values, and finds nothing in comments", () => {
  const source = `import { a } from "./a.ts";
import type { B } from "./b.ts";
import {
  type C,
  type D,
} from "./c.ts";
import { type E, e } from "./e.ts";
import type from "./f.ts";
import "./g.ts";
export * from "./h.ts";
export type { I } from "./i.ts";
/** import { x } from "./x.ts"; as await import("./x.ts") does */
// import("./x.ts")
const glob = "/*"; const j = await import("./j.ts"); const end = "*/";
let k: typeof import("./k.ts");
`;
  assertEquals(
    importsOf(source).map(({ specifier, isType }) => `${specifier}${isType ? " type" : ""}`),
    [
      ...["./a.ts", "./b.ts type", "./c.ts type", "./e.ts", "./f.ts", "./g.ts", "./h.ts"],
      ...["./i.ts type", "./j.ts", "./k.ts type"],
    ],
  );
});

Deno.test("forbiddenImports() sees an import that goes up", async (t) => {
  const cases: [file: string, specifier: string, target: string, allowed: string][] = [
    ["codec/encode.ts", "../agent/wire/frame.ts", "agent/wire/frame.ts", "nothing"],
    ["agent/wire/frame.ts", "../protocol/hello.ts", "agent/protocol/hello.ts", "nothing"],
    ["tunnel/source/syntax.ts", "../closure/parts.ts", "tunnel/closure/parts.ts", "only agent/"],
    ["queue/scheduler.ts", "./queue.ts", "queue/queue.ts", "nothing"],
    ["agent/runtime/agent.ts", "../main.ts", "agent/main.ts", "only agent/"],
    ["group/table/show.ts", "../group.ts", "group/group.ts", "only group/error_result.ts"],
    ["agent/protocol/hello.ts", "../../secret/x.ts", "secret/x.ts", "only agent/wire/"],
  ];
  for (const [file, specifier, target, allowed] of cases) {
    await t.step(`${file} -> ${target}`, () => {
      for (const statement of ["import", "import type", "export", "export type"]) {
        const files = tree({ [file]: `${statement} { x } from "${specifier}";\n`, [target]: "" });
        const [problem, ...more] = forbiddenImports(files, ROOMS, UP)
          .filter((problem) => !problem.startsWith("secret/"));
        assertStringIncludes(problem!, `${file} imports ${target}, but `);
        assertStringIncludes(problem!, `may import ${allowed}`);
        assertEquals(more, []);
      }
    });
  }
});

Deno.test("forbiddenImports() lets rooms import what is in them and below them", () => {
  const files = tree({
    "agent/protocol/hello.ts": 'import { a } from "./a.ts";\nexport * from "../wire/frame.ts";\n',
    "agent/protocol/a.ts": 'import "node:net";\nimport "npm:acorn@8.19.0";\n',
    "tunnel/base_tunnel.ts": 'import type { Group } from "../group/group.ts";\n',
  });
  assertEquals(forbiddenImports(files, ROOMS, UP), []);
});

Deno.test("forbiddenImports() and staleRooms() want files and rows to match", () => {
  const rooms = { "codec/": [], "agent/": ["codec/", "cdoec/"] };
  const files = tree({ "agent/main.ts": "", "util/x.ts": "" });
  assertEquals([...forbiddenImports(files, rooms), ...staleRooms(files, rooms)], [
    "util/x.ts is in no room: move it into one, or add a row for it to the table",
    "codec/ has a row in the table, but no file: remove the row",
    "cdoec/ is allowed to some rooms, but has no row: add it",
  ]);
});

Deno.test("privateImports() sees an import of _name.ts from elsewhere", () => {
  const source = 'import { x } from "../codec/_decoder.ts";\n';
  const found = privateImports(tree({
    "agent/x.ts": source,
    "codec/x.ts": 'import { x } from "./_decoder.ts";\n',
    "tests/codec/x_test.ts": 'import { x } from "../../codec/_decoder.ts";\n',
    "tests/agent/x_test.ts": 'import { x } from "../../codec/_decoder.ts";\n',
    "tunnel/session/x.ts": 'import { FILES } from "../../agent/_files_bundle.ts";\n',
  }));
  assertEquals(found.map((problem) => problem.split(":")[0]), [
    "agent/x.ts imports codec/_decoder.ts, which is private to codec/",
    "tests/agent/x_test.ts imports codec/_decoder.ts, which is private to codec/",
  ]);
});

Deno.test("valueCycles() sees a cycle, and lets types go round", () => {
  const cycle = (statement: string): Sources =>
    tree({
      "a/a.ts": 'import { b } from "../b/b.ts";\n',
      "b/b.ts": 'export * from "./c.ts";\n',
      "b/c.ts": `${statement} { a } from "../a/a.ts";\n`,
    });
  const [found, ...more] = valueCycles(cycle("import"));
  assertStringIncludes(found!, "a/a.ts -> b/b.ts -> b/c.ts -> a/a.ts");
  assertEquals(more, []);
  assertEquals(valueCycles(cycle("import type")), []);
});

Deno.test("typeCircles() lets only one circle be, of types, and small", () => {
  const up: Arrow = ["low/a.ts", "high/b.ts"];
  const sources = {
    "low/a.ts": 'import type { B } from "../high/b.ts";\n',
    "high/b.ts": 'import { c } from "./c.ts";\n',
    "high/c.ts": 'import { a } from "../low/a.ts";\n',
  };
  assertEquals(typeCircles(tree(sources), up, 3), []);
  assertStringIncludes(typeCircles(tree(sources), up, 2)[0]!, "has 3 files, at most 2 may be");
  const value = { ...sources, "low/a.ts": 'import { B } from "../high/b.ts";\n' };
  assertStringIncludes(typeCircles(tree(value), up, 3)[0]!, "only types");
  const other = {
    ...sources,
    "low/x.ts": 'import type { Y } from "./y.ts";\n',
    "low/y.ts": 'import type { X } from "./x.ts";\n',
  };
  assertStringIncludes(typeCircles(tree(other), up, 3)[0]!, "at least: low/x.ts, low/y.ts:");
  assertStringIncludes(typeCircles(tree({ "low/a.ts": "" }), up, 3)[0]!, "does not import");
});

Deno.test("unreachableImports() sees what needs a deno.json, and what is not shipped", () => {
  const specifiers = [
    ...["@std/assert", "npm:acorn", "npm:acorn@8", "jsr:@std/x@1.0.0", "./b", "./b.js", "./c.ts"],
  ];
  const files = tree({ "a.ts": specifiers.map((name) => `import "${name}";\n`).join("") });
  assertEquals(
    unreachableImports(files)
      .map((problem) => problem.match(/^a\.ts imports (.*?)(?:: only|, which)/)?.[1]),
    [...specifiers.slice(0, -1), "c.ts"],
  );
});

Deno.test("longFiles() sees a new file of 500 lines, and what is listed in vain", () => {
  const files = tree({
    "tunnel/new.ts": "x();\n".repeat(500),
    "tunnel/known.ts": "x();\n".repeat(401),
    "tunnel/fits.ts": "x();\n".repeat(400),
  });
  const listed = { "tunnel/known.ts": "x", "tunnel/fits.ts": "x", "tunnel/gone.ts": "x" };
  assertEquals(longFiles(files, LINES, listed).map((problem) => problem.split(/[:,]/)[0]), [
    "tunnel/new.ts has 500 lines",
    "tunnel/fits.ts is listed as long",
    "tunnel/gone.ts is listed as long",
  ]);
});

Deno.test("longClasses() sees a class of 301 lines", () => {
  const ofLines = (n: number): string => `  x = 1;\n`.repeat(n - 2);
  const source = `export class A {\n${ofLines(300)}}\n\n` +
    `export abstract class B extends A {\n${ofLines(301)}}\n\nclass C {\n}\n`;
  const [problem, ...more] = longClasses(tree({ "a.ts": source }), CLASS_LINES);
  assertStringIncludes(problem!, "class B in a.ts has 301 lines");
  assertEquals(more, []);
});

Deno.test("longComments() sees every kind of comment, and no string", () => {
  const long = "x ".repeat(50);
  const source = `// ${long}\n/** ${long}*/\n * ${long}\nx(); // ${long}\nx("// ${long}");\n// x\n`;
  assertEquals(
    longComments(tree({ "a.ts": source }), COLUMNS).map((problem) => problem.split(": ")[0]),
    ["a.ts:1", "a.ts:2", "a.ts:3", "a.ts:4"],
  );
});
