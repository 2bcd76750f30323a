import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fs from "node:fs";
import { Local, RemoteError } from "../../../mod.ts";
import { needing } from "../../services/services.ts";
import { rejectsAs } from "../_deadline.ts";
import { everyAgent, Hidden } from "../_hidden.ts";
import { makeProject } from "../_project.ts";

const READERS = await Deno.readTextFile(new URL("../fixture/path_readers.cjs", import.meta.url));
const PACKAGE = {
  "node_modules/pkg/package.json": '{ "name": "pkg", "version": "1.0.0" }',
  "node_modules/pkg/lib/index.cjs": READERS,
  "node_modules/pkg/lib/part.js": "part();",
  "node_modules/pkg/lib/other.bin": "other",
  "node_modules/pkg/data/a.txt": "naïve text",
  "node_modules/pkg/data/deep/c.json": "{}",
  "secret.txt": "secret",
};

const WAYS = [
  ...["sync", "errors", "callbacks", "promises", "streams", "descriptors"],
  ...["folders", "handles", "copies", "links", "parts"],
];

type Functions = Record<string, (...args: unknown[]) => unknown>;

async function readersOf(folder: string): Promise<Functions> {
  return (await import(`file://${folder}/node_modules/pkg/lib/index.cjs`)).default;
}

Deno.test(needing(
  ["deno", "node", "sudo"],
  "A package opens the files that it names by path, where the disk is hidden",
  async (t) => {
    await using project = await makeProject(PACKAGE);
    const readers = await readersOf(project.folder);
    for (const [name, options] of Object.entries(everyAgent())) {
      await using tun = new Hidden([project.folder], options);
      for (const way of WAYS) {
        await t.step(`${way} on ${name}`, async () => {
          assertEquals(await tun.call(readers[way]!), await readers[way]!());
        });
      }
      const watched = await tun.call(readers.watched!) as string[];
      assertEquals(watched.length, 3);
      for (const text of watched) assertStringIncludes(text, "it is at the controller");
      // What is not named is there, and can be asked for.
      const [args, there] = ["other.bin", [true, 5, "other"]];
      assertEquals(await tun.call(readers.unnamed!, args), there);
      const error = await rejectsAs(RemoteError, tun.call(readers.unnamedSync!, args));
      assertStringIncludes(error.message, "it is at the controller");
      assertStringIncludes(error.message, "include");
      // What is written there is read again, and the rest is still there.
      assertEquals(await tun.call(readers.written!), ["new", 3, ["a.txt", "b", "deep"]]);
    }
  },
));

Deno.test(needing(
  ["deno", "node", "sudo"],
  "include sends files along, and nothing outside them",
  async () => {
    await using project = await makeProject({
      "open/a.txt": "a",
      "open/in/b.txt": "b",
      "secret/c.txt": "secret",
    });
    const { folder } = project;
    await Deno.symlink(`${folder}/secret`, `${folder}/open/out`);
    await Deno.symlink(`${folder}/secret/c.txt`, `${folder}/open/c.txt`);
    await Deno.symlink(`${folder}/open/in`, `${folder}/open/again`);
    await Deno.symlink(`${folder}/open`, `${folder}/open/in/round`);
    await Deno.mkdir(`${folder}/open/empty`);
    const include = [`file://${folder}/open`, new URL(`file://${folder}/secret/c.txt`)];
    const read = (root: string) => [
      fs.readFileSync(`${root}/open/a.txt`, "utf8"),
      fs.readFileSync(`${root}/secret/c.txt`, "utf8"),
      fs.readFileSync(`${root}/open/again/b.txt`, "utf8"),
      fs.readdirSync(`${root}/open`),
      fs.readdirSync(`${root}/open/empty`),
      fs.readdirSync(`${root}/open/in`),
      fs.existsSync(`${root}/secret`),
    ];
    const expected = [
      ...["a", "secret", "b", ["a.txt", "again", "empty", "in"], [], ["b.txt"], false],
    ];
    for (const options of Object.values(everyAgent())) {
      await using tun = new Hidden([folder], { ...options, include });
      assertEquals(await tun.call(read, folder), expected);
      // Their transfers work on the real files.
      await rejectsAs(RemoteError, tun.fetch(`${folder}/open/a.txt`));
      await using low = new Hidden([folder], { ...options, include, includeLimit: 7 });
      const error = await rejectsAs(RangeError, low.call(read, folder));
      assertStringIncludes(error.message, "raise includeLimit");
    }
  },
));

Deno.test(needing(
  ["deno", "sudo"],
  "include and what packages name are found by the functions of Deno, and sent on",
  async () => {
    await using project = await makeProject({ "open/a.txt": "abc", "open/in/b.txt": "b" });
    const { folder } = project;
    await using tun = new Hidden([folder], {
      runtime: "deno",
      deno: Deno.execPath(),
      include: [`file://${folder}/open/`],
    });
    const copy = crypto.randomUUID();
    const read = async (root: string) => {
      const url = new URL(`file://${root}/open/a.txt`);
      using file = Deno.openSync(url);
      const buffer = new Uint8Array(2);
      const first = [file.readSync(buffer), ...buffer, file.statSync().size];
      const rest = await new Response(file.readable).text();
      const names: string[] = [];
      for await (const { name, isFile } of Deno.readDir(`${root}/open`)) {
        names.push(`${name} ${isFile}`);
      }
      return [
        ...[first, rest, names.sort(), Deno.readTextFileSync(url), Deno.statSync(url).size],
        ...[await (await fetch(url)).text(), file instanceof Deno.FsFile],
        ...[
          Deno.realPathSync(`${root}/open/../open`),
          (await Deno.lstat(`${root}/open`)).isDirectory,
        ],
        ...[[...Deno.readDirSync(`${root}/open/in`)].map(({ name }) => name)],
        Deno.readTextFile(`${root}/open`).catch((error) => [error.name, error.message]),
        Deno.readTextFile(`${root}/open/none`).catch((error) => error.name),
        Deno.readLink(`${root}/open/a.txt`).catch((error) => [error.name, error.message]),
        Deno.copyFile(url, `/tmp/${copy}`).then(() => Deno.readTextFile(`/tmp/${copy}`))
          .finally(() => Deno.remove(`/tmp/${copy}`)),
        new Response((await Deno.open(url)).readable).text(),
      ].reduce<Promise<unknown[]>>(
        async (all, one) => [...await all, await one],
        Promise.resolve([]),
      );
    };
    assertEquals(await tun.call(read, folder), await read(folder));
    const error = await rejectsAs(
      RemoteError,
      tun.call((path) => void Deno.watchFs(path), `${folder}/open`),
    );
    assertStringIncludes(error.message, "it is at the controller");
  },
));

Deno.test(needing(
  ["deno", "node", "sudo"],
  "What packages name is sent up to includeLimit, and the rest is reported",
  async () => {
    await using project = await makeProject(PACKAGE);
    const readers = await readersOf(project.folder);
    const lines: string[] = [];
    await using tun = new Hidden([project.folder], {
      ...everyAgent().node18,
      includeLimit: 5,
      stderr: (line) => void lines.push(line),
    });
    // Asynchronous reads ask for it.
    assertEquals(await tun.call(readers.callbacks!), await readers.callbacks!());
    await rejectsAs(RemoteError, tun.call(readers.sync!));
    assertEquals(lines.length, 1);
    assertStringIncludes(lines[0]!, "includeLimit is 5");
  },
));

Deno.test(needing(
  ["deno", "node", "sudo"],
  "serve lets functions with callbacks and promises, and fetch, find files by paths and URLs",
  async () => {
    await using project = await makeProject({ "open/a.txt": "abc", "open/in/b.txt": "b" });
    const root = `${project.folder}/open`;
    const read = async (root: string) => {
      const url = new URL(`file://${root}/a.txt`);
      const chunks: unknown[] = [];
      for await (const chunk of fs.createReadStream(`${root}/a.txt`)) chunks.push(...chunk);
      return [
        ...[await fs.promises.readFile(`${root}/a.txt`, "utf8"), chunks],
        ...[(await fs.promises.readdir(root)).sort(), (await fs.promises.stat(url)).size],
        await new Promise((done) => fs.readFile(url, "utf8", (_, text) => done(text))),
        await fs.promises.readFile(`${root}/none`).catch((error) => error.code),
        await (await fetch(url)).text(),
        await fs.promises.readdir(`${root}/in`),
      ];
    };
    for (const options of Object.values(everyAgent())) {
      await using tun = new Hidden([project.folder], { ...options, serve: [`file://${root}`] });
      assertEquals(await tun.call(read, root), await read(root));
      const error = await rejectsAs(
        RemoteError,
        tun.call((path) => fs.readFileSync(path, "utf8"), `${root}/a.txt`),
      );
      assertStringIncludes(error.message, "include");
    }
  },
));

Deno.test(needing(
  ["deno", "node", "sudo"],
  "glob() finds files that were sent, and statfs() says that it knows nothing of them",
  async () => {
    await using project = await makeProject({
      "data/a.txt": "a",
      "data/in/b.txt": "b",
      "data/in/c.json": "c",
      "data/.hidden": "d",
    });
    const data = `${project.folder}/data`;
    const list = async (data: string) => {
      if (fs.globSync === undefined) return "no glob";
      const all = [
        fs.globSync(`${data}/**/*.txt`),
        fs.globSync("**", { cwd: data }),
        fs.globSync(["*.txt", "in/*.json"], { cwd: data }),
        fs.globSync("*/*", { cwd: data, exclude: ["**/*.json"] }),
        fs.globSync("in/*", { cwd: data, withFileTypes: true }).map((one) =>
          `${one.parentPath} ${one.name} ${one.isFile()}`
        ),
        await Array.fromAsync(fs.promises.glob("*", { cwd: data })),
        await new Promise<string[]>((done, fail) =>
          fs.glob("*.none", { cwd: data }, (error, found) => error ? fail(error) : done(found))
        ),
      ];
      return all.map((found) => found.sort());
    };
    const include = [`file://${data}`];
    for (const [name, options] of Object.entries(everyAgent())) {
      await using tun = new Hidden([project.folder], { ...options, include });
      const expected = name === "node18" ? "no glob" : await list(data);
      assertEquals(await tun.call(list, data), expected, name);
      for (const statfs of [fs.statfsSync, fs.promises.statfs]) {
        const error = await rejectsAs(
          RemoteError,
          tun.call(async (data) => await statfs(`${data}/a.txt`), data),
        );
        assertStringIncludes(error.message, "whose file system is not seen here");
      }
    }
  },
));

Deno.test(needing(
  ["deno", "node", "sudo"],
  "The failure of code that opens a file which is only here says so",
  async () => {
    await using project = await makeProject({ "in/a.txt": "a" });
    const { folder } = project;
    const read = (path: string) => fs.readFileSync(path, "utf8");
    const list = (url: string) => fs.readdirSync(new URL(url)).length;
    for (const options of Object.values(everyAgent())) {
      await using tun = new Hidden([folder], options);
      const message = async (fn: (name: string) => unknown, name: string): Promise<string> =>
        (await rejectsAs(RemoteError, tun.call(fn, name))).message;
      const advice = "it is only here, at the controller; send it along by the option include";
      assertStringIncludes(await message(read, `${folder}/in/a.txt`), advice);
      assertStringIncludes(await message(list, `file://${folder}/in/`), advice);
      assertEquals((await message(read, `${folder}/none.txt`)).includes("controller"), false);
    }
  },
));

Deno.test("include takes the URLs of files and folders that are there", () => {
  for (
    const [include, text] of [["./here", "expected a URL"], ["file:///no/such", "no such file"], [
      "https://example.com/a",
      "expected a file: URL",
    ]]
  ) {
    assertThrows(() => new Local("here", { include: [include!] }), TypeError, text!);
  }
  assertThrows(() => new Local("here", { include: "x" as never }), TypeError, "array");
  for (const includeLimit of [-1, 0.5, NaN, "1" as never]) {
    assertThrows(() => new Local("here", { includeLimit }), RangeError, "bytes");
  }
  assert(new Local("here", { include: [import.meta.url], includeLimit: 0 }));
});
