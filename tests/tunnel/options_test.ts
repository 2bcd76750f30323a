import {
  assertEquals,
  assertFalse,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  BaseTunnel,
  Container,
  Docker,
  Group,
  Kubernetes,
  Local,
  Podman,
  Queue,
  RuntimeNotFoundError,
  settings,
  Slurm,
  SSHTunnel,
  SubprocessTunnel,
  Sudo,
  type TunnelOptions,
} from "../../mod.ts";
import { Driver } from "./_kinds.ts";

/** A constructor of each kind, with options that every tunnel takes. */
const CONSTRUCTORS: Record<string, (options: TunnelOptions) => SubprocessTunnel> = {
  Local: (options) => new Local("here", options),
  SSHTunnel: (options) => new SSHTunnel("host", options),
  Docker: (options) => new Docker("name", options),
  Podman: (options) => new Podman("name", options),
  Container: (options) => new Container("name", options),
  Kubernetes: (options) => new Kubernetes("pod", options),
  Slurm: (options) => new Slurm("name", options),
  Sudo: (options) => new Sudo(options),
  Driver: (options) => new Driver(["true"], options),
};

/** Bad options that TypeScript may not have checked, with the errors for them. */
const BAD_OPTIONS: [options: unknown, type: typeof TypeError | typeof RangeError, text: string][] =
  [
    ["here", TypeError, 'options is "here": expected a plain object'],
    [null, TypeError, "options is null: expected a plain object"],
    [["env"], TypeError, "options is an array: expected a plain object"],
    [new Map(), TypeError, "options is [object Map]: expected a plain object"],
    [{ runtime: "bun" }, TypeError, 'runtime is "bun": expected "deno", "node" or "auto"'],
    [{ deno: 5 }, TypeError, "deno is 5: expected a string"],
    [{ deno: "" }, TypeError, 'deno is "": expected a string'],
    [{ node: "a\0b" }, TypeError, "node has a NUL character"],
    [{ cwd: new URL("file:///") }, TypeError, "cwd is file:///: expected a string"],
    [{ connectTimeout: -1 }, RangeError, "connectTimeout is -1: expected milliseconds"],
    [{ connectTimeout: NaN }, RangeError, "connectTimeout is NaN"],
    [{ connectTimeout: "5s" }, RangeError, 'connectTimeout is "5s"'],
    [{ connectTimeout: Infinity }, RangeError, "connectTimeout is Infinity"],
    [{ keepAlive: 2 ** 31 }, RangeError, "keepAlive is 2147483648"],
    [{ stderr: console }, TypeError, "stderr is"],
    [{ env: new Map([["A", "b"]]) }, TypeError, "env is [object Map]: expected an object"],
    [{ env: ["A=b"] }, TypeError, "env is an array"],
    [{ env: "A=b" }, TypeError, 'env is "A=b"'],
    [{ env: null }, TypeError, "env is null"],
    [{ env: { "A-B": "c" } }, TypeError, 'env has "A-B": expected a variable name'],
    [{ env: { "": "c" } }, TypeError, 'env has ""'],
    [{ env: { "A;id": "c" } }, TypeError, 'env has "A;id"'],
    [{ env: { A: 1 } }, TypeError, "env.A is 1: expected a string"],
    [{ env: { A: undefined } }, TypeError, "env.A is undefined: expected a string"],
    [{ env: { A: "b\0" } }, TypeError, "env.A has a NUL character"],
    [{ provision: "yes" }, TypeError, 'provision is "yes": expected a boolean, or an object'],
    [{ provision: { kept: true } }, TypeError, 'options has "kept": expected one of folder, keep'],
    [{ provision: { folder: "x" } }, TypeError, 'provision.folder is "x": expected an absolute'],
    [{ provision: { keep: 1 } }, TypeError, "provision.keep is 1: expected a boolean"],
    [{ provision: { from: 1 } }, TypeError, "provision.from is 1: expected a string"],
    [{ provision: { from: new URL("data:,") } }, TypeError, "provision.from is data:,: expected"],
    [{ provision: { version: "2" } }, TypeError, 'provision.version is "2": expected one such as'],
    [{ provision: { version: "2.8.9" } }, RangeError, 'provision.version is "2.8.9": expected 2.9'],
    [{ provision: { onProgress: 1 } }, TypeError, "provision.onProgress is 1: expected a function"],
    [{ provision: true, runtime: "node" }, TypeError, "provision brings Deno, and runtime is"],
    [{ permissions: "none", runtime: "node" }, TypeError, "permissions need a Deno agent"],
    [{ permissions: "all" }, TypeError, 'permissions is "all"'],
    [{ permissions: { reed: true } }, TypeError, "permissions.reed is unknown"],
    [{ permissions: { read: "/etc" } }, TypeError, 'permissions.read is "/etc"'],
    [{ permissions: { read: ["a,b"] } }, TypeError, "allow no comma"],
  ];

Deno.test("a tunnel refuses options that make no sense", async (t) => {
  for (const [name, create] of Object.entries(CONSTRUCTORS)) {
    await t.step(name, () => {
      for (const [options, type, text] of BAD_OPTIONS) {
        assertThrows(() => create(options as TunnelOptions), type, text);
      }
    });
  }
});

Deno.test("a tunnel refuses options that it does not know, a driver's own class does not", () => {
  for (const [name, create] of Object.entries(CONSTRUCTORS)) {
    const options = { keepalive: 5 } as TunnelOptions;
    if (name === "Driver") create(options);
    else assertThrows(() => create(options), TypeError, 'options has "keepalive": expected one of');
  }
  const misspelt = { usr: "nobody" } as TunnelOptions;
  assertThrows(
    () => new Sudo(misspelt),
    TypeError,
    'options has "usr": expected one of user, name,',
  );

  interface AreaOptions extends TunnelOptions {
    readonly area: string;
  }
  class InArea extends Local {
    readonly area: string;
    constructor(options: AreaOptions) {
      super("here", options);
      this.area = options.area;
    }
  }
  assertEquals(new InArea({ area: "test", cwd: "/" }).area, "test");
});

Deno.test("a tunnel takes an environment that is not a plain object, as process.env is not", () => {
  class Environment {
    readonly LANG = "C";
  }
  for (const env of [new Environment(), Object.create(null, { LANG: { value: "C" } })]) {
    new Local("here", { env } as TunnelOptions);
  }
});

Deno.test("with() refuses what is no signal", () => {
  const tun = new Local("here");
  const create = tun.with.bind(tun) as (options?: unknown) => Local;
  const { signal } = new AbortController();
  const bad: [options: unknown, text: string][] = [
    [undefined, "options is undefined: expected a plain object"],
    [signal, "options is [object AbortSignal]: expected a plain object"],
    [{ signal: 5 }, "signal is 5: expected an AbortSignal"],
    [{ signal: null }, "signal is null: expected an AbortSignal"],
    [{ sginal: signal }, 'options has "sginal": expected one of signal'],
  ];
  for (const [options, text] of bad) assertThrows(() => create(options), TypeError, text);
  assertEquals(create({}), tun);
  assertEquals(`${create(new AbortController())}`, "Local('here')");
});

Deno.test("Group and Queue refuse options that they do not know", () => {
  const group = new Group([]);
  const queue = new Queue();
  const any = (options: unknown): never => options as never;
  const attempts: [work: () => unknown, text: string][] = [
    [() => new Group([], any({ concurency: 5 })), 'options has "concurency"'],
    [() => new Queue(any({ parallel: 5 })), 'options has "parallel"'],
    [() => group.with(any({ maxFailure: 5 })), 'options has "maxFailure"'],
    [() => group.with(any({ signal: 5 })), "signal is 5"],
    [() => queue.with(any({ maxFailures: 5 })), 'options has "maxFailures"'],
    [() => queue.with(any(undefined)), "options is undefined"],
  ];
  for (const [work, text] of attempts) assertThrows(work, TypeError, text);
  assertEquals(new Group([], any({ concurrency: 7, other: undefined })).concurrency, 7);
});

Deno.test("SSHTunnel refuses what ssh would read as something else", () => {
  const create = SSHTunnel as unknown as new (host: unknown, options?: unknown) => SSHTunnel;
  for (const host of ["-oProxyCommand=id", "-"]) {
    const text = `host is "${host}": it would be read as an option`;
    assertThrows(() => new create(host), TypeError, text);
  }
  for (const host of ["", undefined, 5]) {
    assertThrows(
      () => new create(host),
      TypeError,
      `host is ${Deno.inspect(host)}: expected a str`,
    );
  }
  for (const host of ["a b", "a\nb", "a\x7f"]) {
    const text = `host is ${JSON.stringify(host)}: expected a host name without spaces`;
    assertThrows(() => new create(host), TypeError, text);
  }
  assertThrows(() => new create("a\0"), TypeError, "host has a NUL character");
  for (const host of ["host:22", "me@127.0.0.1:22", "[::1]:22", "me@[::1]:22"]) {
    const text = `host is "${host}": not a host name; set the port with the option \`port\``;
    assertThrows(() => new create(host), TypeError, text);
  }
  for (const host of ["::1", "me@fe80::1:22", "fe80::1%eth0", "ssh://me@host:22", "a:b"]) {
    assertEquals(new create(host).host, host);
  }
  for (const user of ["-l", "", 5, "a\0"]) {
    assertThrows(() => new create("host", { user }), TypeError, "user");
  }
  for (const port of [0, -1, 65_536, 1.5, NaN, "22"]) {
    assertThrows(() => new create("host", { port }), RangeError, `port is ${Deno.inspect(port)}:`);
  }
  for (const sudo of [1, ["root"], "-u", "", { user: "-u" }, { users: "root" }, null]) {
    assertThrows(() => new create("host", { sudo }), TypeError);
  }
  for (const password of [12_345_678, ["secret"], "two\nlines", null]) {
    for (const options of [{ password }, { sudo: { password } }]) {
      const error = assertThrows(() => new create("host", options), TypeError, "password");
      assertFalse(/1234|secret|lines/.test(error.message));
    }
  }
  assertThrows(() => new create("host", { ask: "me" }), TypeError, "ask is");
  for (const sshArgs of ["-v", [5], ["a\0b"]]) {
    assertThrows(() => new create("host", { sshArgs }), TypeError, "sshArgs");
  }
});

Deno.test("Docker refuses what docker would read as something else", () => {
  const create = Docker as unknown as new (name: unknown, options?: unknown) => Docker;
  for (const name of ["-d", "", undefined, 5]) {
    assertThrows(() => new create(name), TypeError, "name is");
  }
  for (const name of ["a b", ".a", "_a", "a/b", "ä", "a\n", "a:1"]) {
    assertThrows(() => new create(name), TypeError, "expected a letter or digit, then letters");
  }
  for (const name of ["a", "0", "A_b.c-1"]) assertEquals(new create(name).host, name);
  for (const image of ["--privileged", "", 5]) {
    assertThrows(() => new create("name", { image }), TypeError, "image is");
  }
  assertThrows(() => new create("name", { rm: "no" }), TypeError, 'rm is "no": expected a boolean');
  for (const dockerArgs of ["--init", [null]]) {
    assertThrows(() => new create("name", { dockerArgs }), TypeError, "dockerArgs");
  }
});

Deno.test("Sudo and Local refuse what is not a name", () => {
  assertThrows(() => new Sudo({ user: "" }), TypeError, "user is");
  assertThrows(() => new Sudo({ user: "-u" }), TypeError, "user is");
  assertThrows(() => new Sudo({ name: "" }), TypeError, "name is");
  assertThrows(() => new Local(""), TypeError, "name is");
  assertThrows(() => new Local(5 as unknown as string), TypeError, "name is");
});

Deno.test("SSHTunnel.command() has the user's options first, and the host behind --", () => {
  const sshArgs = ["-o", "ServerAliveInterval=3", "-J", "jump"];
  const tun = new SSHTunnel("host", { user: "me", port: 2222, sudo: true, sshArgs });
  const argv = tun.command();
  assertEquals(argv.slice(0, 2), ["ssh", "-T"]);
  const { length } = argv;
  const at = argv.indexOf("--");
  assertEquals(argv.slice(at, length), ["--", "host", "exec", "sudo", "-n", "-H", "--"]);
  const options = argv.slice(2, at).join(" ");
  for (const text of ["-l me", "-p 2222", sshArgs.join(" ")]) assertStringIncludes(options, text);
  assertEquals(
    options.indexOf("ServerAliveInterval=3") < options.indexOf("ServerAliveInterval=15"),
    true,
  );
});

Deno.test("SSHTunnel: a name is the host everywhere, and ssh gets the address", () => {
  const ports = [2200, 2201].map((port) => new SSHTunnel("10.0.0.1", { name: `b${port}`, port }));
  assertEquals(new Group(ports).hosts, ["b2200", "b2201"]);
  const [tun] = ports;
  assertEquals([tun!.host, tun!.address, `${tun}`], ["b2200", "10.0.0.1", "SSHTunnel('b2200')"]);
  const argv = tun!.command();
  assertEquals(argv.slice(argv.indexOf("--")), ["--", "10.0.0.1", "exec"]);
  assertEquals(new SSHTunnel("web1").host, "web1");
  for (const name of ["", 5, "a\0"] as string[]) {
    assertThrows(() => new SSHTunnel("web1", { name }), TypeError, "name ");
  }
  assertThrows(
    () => new Group(ports.map(({ address }) => address)),
    TypeError,
    "Two members of the group have the host 10.0.0.1: give them names, as by the option `name`",
  );
});

Deno.test("SSHTunnel.command() undoes no option that the user gives", () => {
  const sshArgs = ["-o", "SessionType=none", "-n"];
  const argv = new SSHTunnel("host", { sshArgs }).command();
  // ssh takes the first of two.
  assertEquals(argv.indexOf("SessionType=none") < argv.indexOf("SessionType=default"), true);
  assertEquals(argv.indexOf("-n") < argv.indexOf("StdinNull=no"), true);
});

Deno.test("Docker.command() heeds image, rm and dockerArgs", () => {
  const argv = new Docker("box", { image: "img", dockerArgs: ["--init"] }).command();
  assertEquals(argv.slice(0, 2), ["docker", "run"]);
  assertEquals(argv.includes("--rm"), true);
  assertEquals(argv.slice(-2), ["--init", "img"]);
  assertEquals(new Docker("box", { rm: false }).command().includes("--rm"), false);
  assertEquals(new Docker("box").command().at(-1), `denoland/deno:${Deno.version.deno}`);
});

/** The places where a tunnel that finds no Deno says it has looked. */
async function lookedFor(tun: SubprocessTunnel): Promise<string> {
  const { message } = await assertRejects(() => tun.connect(), RuntimeNotFoundError);
  await tun.close();
  return /looked for ([^)]*)\)/.exec(message)![1]!;
}

Deno.test("an interpreter is set for a tunnel, for its type, or for a type above", async () => {
  class Mine extends Local {
    static override deno = "/of/the/subclass";
  }
  const options = { runtime: "deno" } as const;
  assertEquals(await lookedFor(new Mine("here", options)), "/of/the/subclass");
  assertEquals(await lookedFor(new Mine("here", { ...options, deno: "/own" })), "/own");
  try {
    Local.deno = "/of/the/type";
    assertEquals(await lookedFor(new Local("here", options)), "/of/the/type");
    assertEquals(await lookedFor(new Mine("here", options)), "/of/the/subclass");
    assertEquals([SSHTunnel.deno, SubprocessTunnel.deno], [undefined, undefined]);
    Local.node = "/node";
    assertEquals(await lookedFor(new Local("here", { runtime: "node" })), "/node");
    assertEquals(await lookedFor(new Mine("here", { runtime: "node" })), "/node");
  } finally {
    Local.deno = undefined;
    Local.node = undefined;
  }
  await using tun = new Local("here", options);
  assertEquals(await tun.call(Math.max, 1, 2), 2);
});

Deno.test("a path may start with ~ and have any characters", async () => {
  const folder = await Deno.makeTempDir();
  const name = "it's a $HOME \\ `deno`";
  try {
    await Deno.symlink(Deno.execPath(), `${folder}/${name}`);
    await using tun = new Local("here", {
      runtime: "deno",
      deno: `~/${name}`,
      env: { HOME: folder },
    });
    assertEquals(await tun.call(Math.max, 1, 2), 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an agent without the permission to import loads nothing from anywhere", async () => {
  const hosts = ["esm.sh", "jsr.io", "a.test"].map((host): [string, string] => [host, "denied"]);
  for (const permissions of ["none", { import: [], read: false }] as Deno.PermissionOptions[]) {
    await using tun = new Local("sandbox", { permissions });
    const states = await tun.call((hosts: string[]) =>
      hosts.map((host) => {
        const query = { name: "import", host } as unknown as Deno.PermissionDescriptor;
        return [host, Deno.permissions.querySync(query).state] as [string, string];
      }), hosts.map(([host]) => host));
    assertEquals(states, hosts);
  }
});

Deno.test("a tunnel shows its type and its host", () => {
  class Mine extends Local {}
  const shown: [SubprocessTunnel, string][] = [
    [new Docker("py36"), "Docker('py36')"],
    [new SSHTunnel("www.example.com"), "SSHTunnel('www.example.com')"],
    [new Local(), "Local('localhost')"],
    [new Local("it's \\"), "Local('it\\'s \\\\')"],
    [new Sudo(), "Sudo('root')"],
    [new Sudo({ user: "nobody", name: "nn" }), "Sudo('nn')"],
    [new Mine("mine"), "Mine('mine')"],
  ];
  for (const [tun, text] of shown) {
    assertEquals([`${tun}`, Deno.inspect(tun)], [text, text]);
    assertEquals(Deno.inspect(tun.with({ signal: AbortSignal.timeout(0) })), text);
  }
});

Deno.test("a class that is no driver says so", async () => {
  class Nothing extends BaseTunnel {
    readonly host = "nowhere";
  }
  await assertRejects(
    () => new Nothing().connect(),
    TypeError,
    "Cannot use Nothing as a tunnel: it is not a driver",
  );
});

Deno.test("a driver needs a host", async () => {
  class Nameless extends SubprocessTunnel {
    override readonly host = "";
    override command(): string[] {
      return [];
    }
  }
  await assertRejects(() => new Nameless().connect(), TypeError, "host is");
});

Deno.test("a tunnel that is used again while it closes is not closed by that", async () => {
  await using tun = new Local("here");
  await tun.connect();
  const closing = tun.close();
  assertEquals(await tun.call(Math.max, 1, 2), 2);
  await closing;
  assertEquals(tun.connected, true);
});

Deno.test("settings.depthLimit refuses what would stop nothing, or everything", () => {
  const set = (limit: unknown): void => {
    settings.depthLimit = limit as number;
  };
  for (const limit of [NaN, Infinity, 0, -1, 1.5, null, undefined, 3n]) {
    assertThrows(() => set(limit), RangeError, `depthLimit is ${limit}: expected an integer`);
  }
  assertThrows(() => set("3"), RangeError, 'depthLimit is "3"');
  assertEquals(settings.depthLimit, 2);
});
