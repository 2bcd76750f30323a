import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fs from "node:fs";
import { isExcluded } from "../../../agent/trees/exclusion.ts";
import { exclusionsOf } from "../../../tunnel/arguments/exclusions.ts";
import { Random } from "../../agent/_random.ts";
import { command, which } from "../../services/command.ts";
import { rejectsAs } from "../_deadline.ts";
import { assertSame, bothWays, listing, make } from "../fixture/tree_ways.ts";
import { Folder } from "../operation/_files.ts";

/** What a glob excludes, and what it does not; a slash at the end is a folder. */
const GLOBS: Readonly<Record<string, readonly [excluded: string[], others: string[]]>> = {
  "*.log": [["a.log", "b/a.log", ".log", "b.log/", "x/y/z.log", "é\n.log"], ["a.log.1", "alog"]],
  "node_modules/": [["node_modules/", "a/node_modules/"], ["node_modules", "xnode_modules/"]],
  "/build": [["build", "build/"], ["a/build", "build2"]],
  "./build": [["build", "build/"], ["a/build"]],
  "/build/": [["build/"], ["build", "a/build/"]],
  "a/*.log": [["a/x.log", "a/.log"], ["x.log", "b/a/x.log", "a/b/x.log"]],
  "a/b/": [["a/b/"], ["a/b", "x/a/b/"]],
  "**/cache/*": [["cache/x", "a/b/cache/.x"], ["cache/", "a/cache/"]],
  "docs/**/*.md": [["docs/a.md", "docs/a/b.md", "docs/\n/b.md"], ["a.md", "docs/a.txt"]],
  "*.{o,a}": [["x.o", "x/y.a"], ["x.oa", "x.{o,a}"]],
  "[ab]?": [["ax", "c/b1"], ["a", "cx", "axx"]],
  "**": [["a", "a/", "a/b", ".x"], []],
  "*": [["a", ".x", "\n", "a/"], []],
  ".*": [[".git/", ".env", "a/.x"], ["a.b"]],
  "!(*.ts)": [["a.js", "b/c"], ["a.ts", "b/c.ts"]],
  "a b'\"$": [["a b'\"$"], ["a b"]],
  "\\*": [["*", "a/*"], ["a", "**"]],
  "A": [["A"], ["a"]],
  "(x": [["(x"], ["x"]],
  "__proto__": [["__proto__"], ["proto"]],
  "🥢": [["🥢", "a/🥢"], ["🥢🥢"]],
  "-rf": [["-rf"], ["rf"]],
  "[!a-z]*": [["README", "a/Makefile", "1", "é"], ["index", "A/x"]],
  "[^a-z]*": [["README", "a/Makefile"], ["index"]],
  "[[:upper:]]*": [["README", "a/Makefile"], ["index"]],
  "x[!0-9(]y": [["xay", "x)y"], ["x1y", "x(y", "x/y"]],
  "photo (1).*": [["photo (1).jpg", "a/photo (1).png"], ["photo 1.jpg", "photo (2).jpg"]],
  "a|b*": [["a|b", "x/a|bc"], ["a", "b"]],
  '"*"': [['""', '"q"'], ["q"]],
  ")(*": [[")(", ")(x"], ["x"]],
  "*.c++": [["a.c++", "x/.c++"], ["a.c", "a.ccc"]],
  "[a-z]+": [["a+", "x/z+"], ["a", "aa"]],
  "+(a|b)(c": [["a(c", "abba(c"], ["(c", "a|b(c", "ac"]],
  "@(a|(b)).?": [["a.x", "(b).y"], ["b.x", "a."]],
  "@(*": [["@(", "@(x"], ["(", "x"]],
  "/!*": [["!", "!x"], ["x", "a/!x"]],
  "src/**": [["src/a", "src/a/b", "src/.a"], ["a/src/b", "srca"]],
  "{*": [["{", "{x"], ["x"]],
  "{a,{b}c*": [["{a,{b}cx"], ["a", "ac"]],
  "@(a{b)*": [["a{b", "a{bx"], ["a"]],
  "[!]*": [["[!]", "[!]x"], ["x", "]"]],
  "[]*": [["[]", "[]x"], ["x"]],
  "*(?x)": [["bx", "axbx"], ["x", "a(bx)", "(bx)"]],
  "a{1..3}": [["a1", "x/a3"], ["a4", "a{1..3}"]],
  "a{08..10}": [["a08", "a09", "a10"], ["a8", "a010"]],
  "{a,b/c,}": [["a", "x/a", "b/c"], ["c", "x/b/c"]],
  "{*.o,.{git,svn}/}": [["x.o", "x.o/", ".git/", "x/.svn/"], [".git", "git/"]],
  "{a,[,}]}b": [["ab", ",b", "}b"], ["b", "xb"]],
  "a\\{b,c}": [["a{b,c}"], ["ab", "ac", "a\\b"]],
  "@(a\\|b|c)": [["a|b", "c"], ["a", "b"]],
  "\\d": [["d", "x/d"], ["5"]],
  "\\w\\s*": [["ws", "wsx"], ["a ", "\\w\\s"]],
  "\\!x": [["!x"], ["x"]],
  "\\🥢": [["🥢"], ["a"]],
  "[\\d]": [["d"], ["5", "\\"]],
  "[\\1-\\3]": [["1", "2", "3"], ["-", "\\", "4"]],
  "[\\]\\-a]": [["]", "-", "a"], ["\\", "^"]],
  "[!\\]]": [["a", "\\"], ["]"]],
  "[]-a]": [["]", "a", "_"], ["-", "b"]],
  "[a-]": [["a", "-"], ["b"]],
  "[🥢-🥤]": [["🥢", "🥣"], ["🥡", "a"]],
  "foo[/]bar": [[], ["foo/bar", "foobar"]],
  "foo[!a]bar": [["fooxbar"], ["foo/bar", "fooabar"]],
  "a[+-9]b": [["a.b", "a0b"], ["a/b", "ab"]],
  "k/**": [["k/in", "k/in/in"], ["k", "k/", "x/k/in"]],
  "k/**/": [["k/in/", "k/in/in/"], ["k/", "k/in"]],
  "**/k/**": [["k/in", "x/k/in"], ["k", "k/", "x/k/"]],
  "a/**/b": [["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb", "x/a/b"]],
  "/a**/b": [["a/b", "ax/b"], ["a/x/b"]],
};

Deno.test("exclude matches as a .gitignore does", () => {
  for (const [glob, [excluded, others]] of Object.entries(GLOBS)) {
    const exclusions = exclusionsOf([glob]);
    for (const [paths, isIt] of [[excluded, true], [others, false]] as const) {
      for (const path of paths) {
        const isFolder = path.endsWith("/");
        const found = isExcluded(exclusions, path.replace(/\/$/, ""), isFolder);
        assertEquals(found, isIt, `${JSON.stringify(glob)} and ${JSON.stringify(path)}`);
      }
    }
  }
  assertEquals(exclusionsOf(), []);
});

const GIT = which("git");

Deno.test({
  name: "exclude agrees with git check-ignore",
  ignore: GIT === undefined,
  fn: async () => {
    const random = new Random(2);
    const paths = new Set(Array.from({ length: 100 }, () => joined(random, NAMES, 4, "/")));
    const globs: string[] = [];
    while (globs.length < 500) {
      const glob = joined(random, GIT_GLOBS, 6);
      // Lines that a .gitignore does not take for globs; and text just before `**/`, where git is
      // not as its manual says.
      if (!/^[!# ]|(^|[^\\]) $|\/\/|^\/+$|[@?*+!]\(|[^/*]\*\*+\//.test(glob)) globs.push(glob);
    }
    await using folder = await Folder.create();
    fs.mkdirSync(folder.at("git"));
    const input: string[] = [];
    for (const [i, glob] of globs.entries()) {
      make(folder.path, { [`git/${i}/.gitignore`]: `${glob}\n` });
      for (const path of paths) input.push(`${i}/${path}\0`);
    }
    const list = folder.write("list", input.join(""));
    const script =
      'cd "$1"; git init -q .; git check-ignore --no-index -z --stdin <"$2" | tr "\\0" "\\n"';
    const { stdout } = await command(["sh", "-c", script, "sh", folder.at("git"), list]);
    const ignored = new Set(stdout.split("\n"));
    assert(ignored.size > 1000);
    for (const [i, glob] of globs.entries()) {
      const exclusions = exclusionsOf([glob]);
      for (const path of paths) {
        const parts = path.split("/");
        const found = parts.some((_, k) =>
          isExcluded(exclusions, parts.slice(0, k + 1).join("/"), k + 1 < parts.length)
        );
        assertEquals(found, ignored.has(`${i}/${path}`), JSON.stringify([glob, path]));
      }
    }
  },
});

const NAMES = [..."abcxA0*?[\\-]#(|$^+.".replace(".", ""), "ab", "abc", "a-b", "ax", ".x", "a b"];

const GIT_GLOBS = [
  ...["a", "b", "c", "ab", "A", "*", "**", "***", "?", "-", " ", "#", "(", ")", "|", "$", "^", "+"],
  ...["[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "[!]a]", "[\\a]", "[a\\]b]", "[\\--a]", "[a-]"],
  ...["[-a]", "[[:alpha:]]", "[[:punct:]x]", "[![:upper:]]", "[a/b]", "[+-9]", ".x"],
  ...["\\a", "\\*", "\\?", "\\[", "\\\\", "/", "/", "/", "/**/", "**/", "/**"],
];

/** Some of `parts`, at most as many as `most`. */
function joined(random: Random, parts: readonly string[], most: number, separator = ""): string {
  const length = 1 + random.below(most);
  return Array.from({ length }, () => parts[random.below(parts.length)]!).join(separator);
}

Deno.test("exclude has whatever is no wildcard stand for itself", () => {
  const random = new Random(1);
  const parts = [
    ...`()()||"'"+^$!@#%&~\`-=,.;:<> ]}{ab1\n\té🥢`,
    "++",
    "a(b)",
    "...",
    "{x}",
    "[]",
    "[!]",
  ];
  for (let i = 0; i < 3_000; i++) {
    const length = 1 + random.below(8);
    const name = Array.from({ length }, () => parts[random.below(parts.length)]!).join("");
    if (/^!|^\.{1,2}$|[!+@]\(|\{.*(,|\.\.).*\}|\[.*\].*\]/s.test(name)) continue;
    const inBraces = name.replaceAll(/[,.{}]/g, "");
    const globs = [
      ...[[name, name], [`/${name}`, name], [`[x]${name}*`, `x${name}y`], [
        `?y${name}`,
        `xy${name}`,
      ]],
      [`{${inBraces}z,y}`, `${inBraces}z`],
    ] as [string, string][];
    for (const [glob, path] of globs) {
      const exclusions = exclusionsOf([glob]);
      for (
        const [other, isIt] of [[path, true], [`y${path}`, false], [`z${path}`, false]] as const
      ) {
        assertEquals(isExcluded(exclusions, other, false), isIt, JSON.stringify([glob, other]));
      }
    }
  }
});

Deno.test("exclude refuses what is no list of globs", () => {
  for (
    const bad of [
      "",
      "/",
      "./",
      "//",
      "../x",
      "a/../b",
      "a/.",
      "!keep",
      "!a/b",
      "x\0",
      "x".repeat(100_000),
      "[z-a]",
      "*[b-a]/x",
      "a\\",
      "[[:kanji:]]",
      "!(a",
      "{1..1001}",
      "{1..100}{1..100}",
      "!(a)".repeat(30),
    ]
  ) {
    const error = assertThrows(() => exclusionsOf(["ok", bad]), TypeError);
    assertStringIncludes(error.message, "exclude");
    assert(error.message.length < 1000);
  }
  for (const bad of ["*.log", 1, {}, [1], [null], [["a"]], [/a/]]) {
    const error = assertThrows(() => exclusionsOf(bad as unknown as string[]), TypeError);
    assertStringIncludes(error.message, "exclude");
  }
});

bothWays("leave alone what is excluded, on both sides", async (way, { source, target }) => {
  make(source, {
    ...{ "a.ts": "1", "a.log": "2", "sub/b.log": "3", "sub/c": "4", "only.logs/x.log": "5" },
    ...{
      "node_modules/m/i.js": "6",
      "sub/node_modules/n": "7",
      "build/out": "8",
      "sub/build/x": "9",
    },
    ...{ ".git/config": "mine", "node_modules.txt": "10" },
  });
  make(target, {
    ...{ "gone": "1", "old.log": "2", "gone dir/x": "3", "gone dir/keep.log": "4" },
    ...{ ".git/config": "theirs", ".git/hooks/x": "5", "sub/node_modules/theirs": "6" },
    ...{ "node_modules": "7", "build": { to: "gone" } },
  });
  const exclude = ["*.log", "node_modules/", "/build", ".git"];
  const options = { exclude, delete: true };
  const { diff: _, ...foreseen } = await way(source, target, { ...options, dryRun: true });
  const done = await way(source, target, options);
  assertEquals(done, foreseen);
  const created = ["a.ts", "node_modules.txt", "only.logs", "sub/build", "sub/build/x", "sub/c"];
  assertEquals([...done.created].sort(), created);
  // A file is none of the folders that are to be left alone.
  assertEquals([...done.deleted].sort(), ["gone", "gone dir/x", "node_modules"]);
  const paths = listing(target).map((line) => line.split(/ \d{9,}/)[0]);
  assertEquals(paths.filter((path) => path!.includes("node_modules")), [
    ...["/node_modules.txt", "/sub/node_modules", "/sub/node_modules/theirs"],
  ]);
  assertEquals(fs.readFileSync(`${target}/.git/config`, "utf8"), "theirs");
  assertEquals(fs.readFileSync(`${target}/gone dir/keep.log`, "utf8"), "4");
  assertEquals(fs.readlinkSync(`${target}/build`), "gone");
});

bothWays("exclude everything, or nothing", async (way, { source, target }) => {
  make(source, { "a": "1", "b/c": "2" });
  make(target, { "d/e": "3" });
  for (const glob of ["*", "**", "/*", "/**", "**/*"]) {
    const { created, deleted } = await way(source, target, { exclude: [glob], delete: true });
    assertEquals([created, deleted], [[], []], glob);
  }
  await way(source, target, { exclude: ["nothing"], delete: true });
  assertSame(source, target);
});

bothWays("protect an excluded folder from what would take its place", async (way, trees) => {
  const { source, target } = trees;
  make(source, { "x": "a file" });
  for (const inside of [{ "x/precious": "1" }, { "x": null }]) {
    fs.rmSync(target, { recursive: true, force: true });
    make(target, inside);
    const before = listing(target);
    const options = { exclude: ["x/"], delete: true };
    for (const dryRun of [true, false]) {
      const error = await rejectsAs(Error, way(source, target, { ...options, dryRun }));
      assertStringIncludes(error.message, "what is excluded is in it");
      assertEquals(listing(target), before);
    }
  }
});
