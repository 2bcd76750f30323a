import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { packagedDeno } from "../../../tunnel/provision/registry.ts";
import { command } from "../../services/command.ts";

const VERSION = "2.99.1";
const NAME = "@deno/linux-arm64-glibc";

/** A registry with one package, and a cache folder of its own, for as long as a test runs. */
class Registry {
  readonly folder = Deno.makeTempDirSync({ prefix: "chopsticks-registry-" });
  readonly asked: string[] = [];
  /** The SHA-512 that the registry names. */
  integrity = "";
  /** The address that it gives for the archive. */
  tarball = "";
  #archive = new Uint8Array();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #before = new Map<string, string | undefined>();

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(new URL(request.url).pathname),
    );
    this.tarball = `${this.url}a.tgz`;
    this.#set("XDG_CACHE_HOME", this.folder);
    this.#set("npm_config_registry", this.url);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/npm/`;
  }

  get cached(): string[] {
    return [...Deno.readDirSync(`${this.folder}/chopsticks`)].map(({ name }) => name).sort();
  }

  /** Makes the archive of the package. */
  async pack(text: string): Promise<void> {
    await Deno.mkdir(`${this.folder}/package`);
    await Deno.writeTextFile(`${this.folder}/package/deno`, text);
    await Deno.writeTextFile(`${this.folder}/package/package.json`, "{}");
    await command(["tar", "-czf", "a.tgz", "package"], { cwd: this.folder });
    this.#archive = await Deno.readFile(`${this.folder}/a.tgz`);
    this.integrity = `sha512-${createHash("sha512").update(this.#archive).digest("base64")}`;
  }

  #answer(path: string): Response {
    this.asked.push(path);
    if (path === `/npm/${NAME.replace("/", "%2f")}`) {
      const dist = { tarball: this.tarball, integrity: this.integrity };
      return Response.json({ versions: { [VERSION]: { dist } } });
    }
    return path === "/npm/a.tgz"
      ? new Response(this.#archive.slice())
      : new Response("", { status: 404 });
  }

  #set(name: string, value: string): void {
    this.#before.set(name, Deno.env.get(name));
    Deno.env.set(name, value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [name, value] of this.#before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
    await this.#server.shutdown();
    await Deno.remove(this.folder, { recursive: true });
  }
}

const WANTED = { platform: "linux-arm64", version: VERSION };
const CACHED = `deno-${VERSION}-linux-arm64`;

Deno.test("packagedDeno() takes the package of npm_config_registry, once", async () => {
  await using registry = new Registry();
  await registry.pack("binary");
  for (const _ of [1, 2]) {
    const path = await packagedDeno(WANTED, () => {});
    assertEquals(await Deno.readTextFile(path), "binary");
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o700);
  }
  assertEquals(registry.asked.length, 2);
  assertEquals(registry.cached, [CACHED]);
});

Deno.test("packagedDeno() takes an archive that a mirror gives npm's address for from the mirror", async () => {
  await using registry = new Registry();
  await registry.pack("binary");
  registry.tarball = "https://registry.npmjs.org/npm/a.tgz";
  assertEquals(await Deno.readTextFile(await packagedDeno(WANTED, () => {})), "binary");
});

Deno.test("packagedDeno() keeps nothing that is not what the registry names", async () => {
  await using registry = new Registry();
  await registry.pack("binary");
  const { integrity } = registry;
  for (
    const [bad, text] of [
      [`sha512-${"A".repeat(86)}==`, "a.tgz is not the file that the registry names"],
      ["sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "has no SHA-512 of"],
      ["", "has no SHA-512 of"],
    ] as const
  ) {
    registry.integrity = bad;
    await assertRejects(() => packagedDeno(WANTED, () => {}), Error, text);
    assertEquals(registry.cached, []);
  }
  registry.integrity = integrity;
  const error = await assertRejects(
    () => packagedDeno({ ...WANTED, version: "2.99.2" }, () => {}),
    Error,
  );
  assertStringIncludes(error.message, `${registry.url} has no ${NAME} of version 2.99.2`);
  registry.tarball = `${registry.url}missing.tgz`;
  await assertRejects(
    () => packagedDeno(WANTED, () => {}),
    Error,
    "missing.tgz: the server says 404",
  );
  assertEquals(registry.cached, []);
});
