import { assert, assertEquals, assertMatch } from "@std/assert";
import { Request } from "../../../agent/protocol/request.ts";
import { slow } from "../../services/services.ts";
import { soon } from "../_deadline.ts";
import { Driver } from "../_kinds.ts";
import { makeProject } from "../_project.ts";
import { type Answer, ask } from "../fixture/ask.ts";

const AGENT = new URL("../fixture/asking_agent.ts", import.meta.url).pathname;
const REFERRER = import.meta.resolve("../fixture/ask.ts");

const importOf = (specifier: string, referrer = REFERRER, type?: string): unknown[] => [
  ...[Request.IMPORT, specifier, referrer, type],
];
const fileAt = (url: unknown): unknown[] => [Request.FILE, url];
const lookAt = (url: unknown): unknown[] => [Request.FILE, url, true];

/** Makes requests with a far end that only asks. */
async function answersTo(
  requests: readonly unknown[][],
  serve: readonly string[],
  { include = [], fn = ask }: { include?: string[]; fn?: typeof ask } = {},
): Promise<{ answers: Answer[]; reports: string[]; batches: number }> {
  const reports: string[] = [];
  const { error } = console;
  console.error = (line: string) => void reports.push(line);
  try {
    await using tun = new Driver([Deno.execPath(), "run", "--no-check", AGENT], {
      ...{ serve, include },
    });
    return { ...await soon(tun.call(fn, requests), "answers"), reports };
  } finally {
    console.error = error;
  }
}

/** Ways to write `path` as a URL or path, each of which some parser of URLs takes for it. */
function spellings(path: string, served: string): string[] {
  const levels = served.split("/").length;
  const up = "../".repeat(levels);
  const inner = path.slice(1);
  const encoded = (text: string, pattern: RegExp): string =>
    text.replace(pattern, (one) => `%${one.charCodeAt(0).toString(16).padStart(2, "0")}`);
  const dots = [
    "..",
    "%2e%2e",
    "%2E%2E",
    ".%2e",
    "%2e.",
    "%252e%252e",
    "..;",
    "..%00",
    "...",
    ". .",
  ];
  const slashes = ["/", "//", "\\", "%2f", "%2F", "%5c", "%252f", "/./", "/x/../", "\t/", "/\n"];
  const climbing = dots.flatMap((dot) =>
    slashes.map((slash) => `${served}${`${dot}${slash}`.repeat(levels)}${inner}`)
  );
  return [
    ...[path, `file://${path}`, `file:${path}`, `file:///${path}`, `file:////${inner}`],
    ...[`FILE://${path}`, `file://localhost${path}`, `file://127.0.0.1${path}`, `file:\\\\${path}`],
    ...[`file://${encoded(path, /[a-z]/g)}`, `file://${encoded(path, /\./g)}`],
    ...[` file://${path}`, `file://${path} `, `file://${path}\0`, `file://${path}%00.ts`],
    ...[`file://${path}?${served}`, `file://${path}#${served}`, `${served}?/../..${path}`],
    ...[
      `${served}#/../..${path}`,
      `file://${path} text`,
      `file://${path} json`,
      `blob:file://${path}`,
    ],
    ...[`http://127.0.0.1${path}`, `https:${path}`, `view-source:file://${path}`, `x:${path}`],
    ...[`./${up}${inner}`, `${up}${inner}`, `.${path}`, `~${path}`, `..\\..\\${inner}`],
    ...[`${served}${path}`, `${served}/${path}`, `${served.slice(0, -1)}${path}`],
    ...[`file://user@${path}`, `file://%2e%2e${path}`, `\\\\?\\${path}`, `C:${path}`, `///${path}`],
    ...climbing,
  ];
}

Deno.test(slow("the module server gives nothing but what was sent and is served", async (t) => {
  await using project = await makeProject({
    "outside/secret.ts": `export const secret = "outside";`,
    "outside/secret.json": `"outside"`,
    "served/ok.ts": `import "./deep/own.ts"; export const ok = 1;`,
    "served/ok.txt": "text",
    "served/deep/own.ts": "export {};",
    "served-not/secret.ts": `export const secret = "not";`,
    "servedsecret.ts": `export const secret = "prefix";`,
    "main.ts": "export {};",
  });
  const { folder } = project;
  const served = `file://${folder}/served/`;
  await Deno.symlink("../outside/secret.ts", `${folder}/served/link.ts`);
  await Deno.symlink("../outside", `${folder}/served/linked`);
  await Deno.symlink("/", `${folder}/served/root`);
  await Deno.symlink("deep/own.ts", `${folder}/served/inner.ts`);

  await t.step("a thousand spellings of what is outside", async () => {
    const secrets = ["/etc/passwd", `${folder}/outside/secret.ts`, `${folder}/outside/secret.json`];
    const all = secrets.flatMap((path) => spellings(path, served));
    const requests = all.flatMap((spelling) => [
      importOf(spelling),
      importOf(spelling, REFERRER, "text"),
      importOf(spelling, REFERRER, "json"),
      fileAt(spelling),
      lookAt(spelling),
    ]);
    assert(requests.length > 1_000, `${requests.length}`);
    const { answers, reports, batches } = await answersTo(requests, [served]);
    assertEquals(answers.length, requests.length);
    let refusals = 0;
    for (const [i, answer] of answers.entries()) {
      // Some are names in the served folder, where there is no such file.
      const [, url, isLook] = requests[i] as [unknown, string, boolean?];
      if (isLook && "given" in answer && answer.given === "bytes") {
        assertEquals(new URL(url).pathname, new URL(served).pathname); // the served folder itself
      } else if ("given" in answer) assertEquals(answer.given, "nothing", JSON.stringify(url));
      else if (answer.refused.includes("nor in a folder that is served;")) refusals++;
      else assertMatch(answer.refused, /there is no such/, JSON.stringify(requests[i]));
    }
    assert(refusals > 500, `${refusals} of ${requests.length}`);
    const refused = reports.filter((line) => line.startsWith("[driver] Refused: ")).length;
    assertEquals(refused, Math.min(refusals, 101));
    // The parts for values and for files, and the modules that were sent ahead of the call.
    assertEquals(batches, 3);
  });

  await t.step("links out, folders with a longer name, and other schemes", async () => {
    const urls = [
      ...["link.ts", "linked/secret.ts", "linked/none.ts", "root/etc/passwd"].map(
        (path) => `${served}${path}`,
      ),
      ...["served-not/secret.ts", "servedsecret.ts", "main.ts", "served", "outside/none.ts"].map(
        (path) => `file://${folder}/${path}`,
      ),
      ...[
        "npm:ms@2.1.3",
        "jsr:@std/assert",
        "data:text/javascript,1",
        "blob:null/1",
        "ext:core/ops",
      ],
      ...[
        "http://127.0.0.1:9/",
        "https://example.com/mod.ts",
        "javascript:1",
        ".",
        "..",
        "/",
        "*",
      ],
      ...["./connect.ts", "../../../mod.ts", "npm:NoSuch", "JSR:@std/x", " jsr:@std/x", "bare"],
    ];
    const requests = [
      ...urls.map((url) => importOf(url)),
      ...urls.map(fileAt),
      // It may look at the served folder itself.
      ...urls.filter((url) => !url.endsWith("/served")).map(lookAt),
      fileAt(7),
      fileAt(null),
    ];
    const { answers, reports, batches } = await answersTo(requests, [served]);
    for (const answer of answers) {
      assertMatch(
        "refused" in answer ? answer.refused : answer.given,
        /nor in a folder that is served;/,
      );
    }
    // One of the batches is the agent's part for values.
    assertEquals([reports.length, batches], [requests.length, 3]);
  });

  await t.step("a referrer that was never sent", async () => {
    const inside = `${served}ok.ts`;
    const referrers = [inside, `file://${folder}/main.ts`, "file:///etc/", "", "repl", "node:fs"];
    const requests = referrers.flatMap((referrer) => [
      importOf("./ok.ts", referrer),
      importOf(inside, referrer),
      importOf("node:fs", referrer),
    ]);
    const { answers, reports } = await answersTo(requests, [served]);
    for (const answer of answers) assert("refused" in answer);
    assertEquals(reports.length, requests.length);
  });

  await t.step("what is served is given, and what is missing there is called so", async () => {
    const requests = [
      importOf(`${served}ok.ts`),
      importOf(`${served}ok.txt`, REFERRER, "text"),
      importOf(`${served}inner.ts`),
      importOf(`${served}missing.ts`),
      importOf(`${served}deep`),
      fileAt(`${served}ok.txt`),
      fileAt(`${served}missing.txt`),
      importOf("./ask.ts"),
      importOf("node:fs"),
    ];
    const { answers, reports } = await answersTo(requests, [served]);
    const texts = answers.map((one) => "given" in one ? one.given : one.refused);
    assertMatch(texts[0]!, /served\/ok\.ts,\d$/);
    assertMatch(texts[1]!, /served\/ok\.txt text,\d$/);
    assertMatch(texts[2]!, /served\/inner\.ts,\d$/);
    assertMatch(texts[3]!, /missing\.ts: there is no such file$/);
    assertMatch(texts[4]!, /deep: there is no such file$/);
    assertEquals(texts.slice(5, 7), ["bytes", "nothing"]);
    assertMatch(texts[7]!, /ask\.ts,\d$/);
    assertMatch(texts[8]!, /^node:fs,\d$/);
    assertEquals(reports, []);
  });
}));

Deno.test(slow("a far end gets of packages and include what it was told of", async () => {
  const root = "node_modules/reader";
  await using project = await makeProject({
    [`${root}/package.json`]: `{ "name": "reader", "type": "module", "main": "index.js" }`,
    [`${root}/index.js`]: `import { readFile } from "node:fs";\n` +
      "export const read = (name) => readFile(import.meta.dirname + name, () => {});",
    [`${root}/Data.txt`]: "data",
    [`${root}/node_modules/inner/secret.txt`]: "secret",
    "node_modules/reader-not/secret.txt": "secret",
    "included/file.txt": "included",
    "secret.txt": "secret",
    "main.ts": `import * as reader from "./${root}/index.js";\n` +
      "export function ask(_requests) { reader.read; throw 1; }",
  });
  const { folder } = project;
  await Deno.symlink("../../secret.txt", `${folder}/${root}/link.txt`);
  await Deno.symlink("..", `${folder}/${root}/up`);
  await Deno.symlink("../secret.txt", `${folder}/included/link.txt`);
  const { ask: fn } = await import(`file://${folder}/main.ts`);
  const base = `file://${folder}/${root}`;
  const given = [
    ...["/Data.txt", "/./Data.txt", "/x/../Data.txt", "/%44ata.txt"].map((path) => base + path),
    `file://localhost${folder}/${root}/Data.txt`,
  ];
  const refused = [
    ...["/data.txt", "/DATA.TXT", "/Data.txt%00", "/Data.txt/", "/Data.txt/.", "/link.txt"],
    ...["/up/reader/Data.txt", "/node_modules/inner/secret.txt", "/../reader-not/secret.txt"],
    ...["/..%2f..%2fsecret.txt", "/%2e%2e/%2e%2e/secret.txt", "-not/secret.txt", "", "/"],
  ].map((path) => base + path).concat(
    `file://other${folder}/${root}/Data.txt`,
    `http://localhost${folder}/${root}/Data.txt`,
    `file://${folder}/included/../secret.txt`,
    `file://${folder}/included/link.txt`,
    `file://${folder}/included/FILE.txt`,
    ...spellings(`${folder}/secret.txt`, `${base}/`),
    ...spellings(`${folder}/secret.txt`, `file://${folder}/included/`),
  );
  const requests = [...given, ...refused].map(fileAt);
  const include = [`file://${folder}/included`];
  const { answers } = await answersTo(requests, [], { include, fn });
  assertEquals(answers.slice(0, given.length), given.map(() => ({ given: "bytes" })));
  for (const [i, answer] of answers.slice(given.length).entries()) {
    assert("refused" in answer, `${JSON.stringify(refused[i])}: ${Deno.inspect(answer)}`);
  }
  // A link takes the place of a file that the far end is told of.
  await Deno.remove(`${folder}/${root}/Data.txt`);
  await Deno.symlink("../../secret.txt", `${folder}/${root}/Data.txt`);
  const later = await answersTo([fileAt(given[0])], [], { fn });
  assertEquals(later.answers.length, 1);
  assert("refused" in later.answers[0]!, Deno.inspect(later.answers));
}));

Deno.test("an agent that is refused again and again is not reported each time", async () => {
  const requests = Array.from({ length: 3000 }, (_, i) => fileAt(`file:///secret${i}`));
  const { answers, reports } = await answersTo(requests, []);
  assert(answers.length === 3000 && answers.every((answer) => "refused" in answer));
  assertEquals(reports.length, 101);
  assertMatch(reports.at(-1)!, /Refused: more than 100 requests; no more are reported$/);
});
