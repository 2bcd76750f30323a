import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  ConnectionError,
  type FileProgress,
  Group,
  type ProvisionOptions,
  RuntimeNotFoundError,
} from "../../../mod.ts";
import { freePorts } from "../../services/free_port.ts";
import { listProcesses } from "../../services/processes.ts";
import { needing, service } from "../../services/services.ts";
import { rejectsAs, soon, withTime } from "../_deadline.ts";
import { BareSshd } from "./_bare_sshd.ts";
import { fakeDeno } from "./_bare.ts";

const VERSION = Deno.version.deno;
const FOLDER = "~/.cache/chopsticks";
const NAME = `deno-${VERSION}`;

const answer = (n: number): [string, number] => [Deno.version.deno, n + 1];

const path = (): string => Deno.execPath();

const fakePath = (): string | undefined => Deno.env.get("FAKE_DENO");

/** A file of this machine, for as long as a test runs. */
class Program implements Disposable {
  readonly path = Deno.makeTempFileSync({ prefix: "chopsticks-program-" });

  constructor(content: string | Uint8Array) {
    Deno.writeFileSync(
      this.path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    Deno.chmodSync(this.path, 0o755);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path);
  }
}

/** The beginning of this Deno. */
function cutDeno(): Uint8Array {
  using file = Deno.openSync(Deno.execPath());
  const bytes = new Uint8Array(1_000_000);
  return bytes.subarray(0, file.readSync(bytes) ?? 0);
}

/** Puts a file in the place of the Deno that a host keeps. */
function keep(sshd: BareSshd, content: string | Uint8Array): void {
  Deno.mkdirSync(sshd.path(FOLDER), { recursive: true, mode: 0o700 });
  const kept = sshd.path(`${FOLDER}/${NAME}`);
  Deno.writeFileSync(
    kept,
    typeof content === "string" ? new TextEncoder().encode(content) : content,
  );
  Deno.chmodSync(kept, 0o700);
}

const NEEDS = ["ssh", "sudo"] as const;

Deno.test(needing(
  NEEDS,
  "provision brings Deno to a host of ssh, whose next connections send and write nothing",
  async () => {
    await using sshd = await BareSshd.start();
    await using without = sshd.tunnel();
    await rejectsAs(RuntimeNotFoundError, without.connect());
    const seen: FileProgress[] = [];
    const provision = { onProgress: (one: FileProgress): void => void seen.push(one) };
    const kept = sshd.path(`${FOLDER}/${NAME}`);
    let first: Deno.FileInfo | undefined;
    for (const n of [1, 2, 3]) {
      await using tunnel = sshd.tunnel({ provision });
      assertEquals(await tunnel.call(answer, n), [VERSION, n + 1]);
      assert((await tunnel.call(path)).endsWith(`/.cache/chopsticks/${NAME}`));
      const { ino, mtime } = Deno.statSync(kept);
      first ??= Deno.statSync(kept);
      assertEquals([ino, mtime], [first.ino, first.mtime]);
    }
    assertEquals(sshd.names(FOLDER), [NAME]);
    assertEquals(Deno.readFileSync(kept), Deno.readFileSync(Deno.execPath()));
    const { host, bytes, total } = seen.at(-1)!;
    assertEquals([host, bytes], ["bare", total]);
    assertEquals(seen.filter((one) => one.bytes === total).length, 1);
    assertEquals(seen.map((one) => one.bytes), seen.map((one) => one.bytes).sort((a, b) => a - b));
  },
));

Deno.test(needing(NEEDS, "provision brings Deno to ten hosts of ssh at once", async () => {
  using fake = new Program(fakeDeno());
  const names = Array.from({ length: 10 }, (_, i) => `bare${i}`);
  await using stack = new AsyncDisposableStack();
  const ports = freePorts(names.length);
  const sshds = await Promise.all(names.map(async (name, i) => {
    return stack.use(await BareSshd.start({}, name, ports[i]));
  }));
  const seen = new Map<string, number>();
  const onProgress = ({ host, bytes }: FileProgress): void => void seen.set(host, bytes);
  const provision = { from: fake.path, onProgress };
  await using group = new Group(sshds.map((sshd) => sshd.tunnel({ provision })));
  const results = (await group.call(answer, 1)).raiseFailures();
  assertEquals([...results], names.map((name) => [name, [VERSION, 2]]));
  assertEquals(sshds.map((sshd) => sshd.names(FOLDER)), names.map(() => [NAME]));
  assertEquals([...seen.keys()].sort(), names);
}));

Deno.test(
  needing(NEEDS, "provision of two tunnels to one host at once gives one Deno", async () => {
    await using sshd = await BareSshd.start();
    await using one = sshd.tunnel({ provision: true });
    await using other = sshd.tunnel({ provision: true });
    const all = await Promise.all([one.call(answer, 1), other.call(answer, 2)]);
    assertEquals(all, [[VERSION, 2], [VERSION, 3]]);
    assertEquals(sshd.names(FOLDER), [NAME]);
  }),
);

Deno.test(needing(
  NEEDS,
  "provision works under sudo over ssh, for root and for a user without a home",
  async () => {
    using fake = new Program(fakeDeno());
    const setup = "mount --bind /tmp /tmp;mount -o remount,ro,bind /tmp;" +
      "for d in /var/tmp /dev/shm;do mount -t tmpfs none $d;chmod 1777 $d;done";
    await using sshd = await BareSshd.start({ setup });
    const provision = { from: fake.path };
    await using root = sshd.tunnel({ sudo: true, provision });
    assert((await root.call(fakePath))?.endsWith(`/.cache/chopsticks/${NAME}`));
    await using nobody = sshd.tunnel({ sudo: "nobody", provision });
    const uid = await nobody.call(() => Deno.uid());
    assertEquals(await nobody.call(fakePath), `/var/tmp/chopsticks-${uid}/${NAME}`);
  },
));

Deno.test(needing(
  [...NEEDS, "logins"],
  "provision works for a sudo that asks for a password",
  async () => {
    using fake = new Program(fakeDeno());
    const { password } = service("logins");
    await using sshd = await BareSshd.start();
    const sudo = { user: "root", password };
    for (const alias of ["login-plain", "login-pty"]) {
      const folder = `~/${alias}`;
      const provision = { from: fake.path, folder };
      await using tunnel = sshd.tunnel({ sudo, provision }, alias);
      assertEquals(await tunnel.call(answer, 1), [VERSION, 2]);
      assertEquals(await tunnel.call(() => Deno.uid()), 0);
      assertEquals(sshd.names(folder), [NAME]);
    }
  },
));

Deno.test(needing(NEEDS, "provision brings Deno anew if the one that was kept …", async (t) => {
  using fake = new Program(fakeDeno());
  const kept: Record<string, string | Uint8Array> = {
    "is cut off": cutDeno(),
    "is empty": "",
    "is another program": Deno.readFileSync("/bin/true"),
    "is of another version": "#!/bin/sh\necho deno 1.0.0",
    "fails": "#!/bin/sh\necho out of order >&2; exit 3",
    "hangs": "#!/bin/sh\nexec sleep 60",
  };
  for (const [name, content] of Object.entries(kept)) {
    await t.step(name, async () => {
      await using sshd = await BareSshd.start();
      keep(sshd, content);
      // Half of it is for what hangs.
      await withTime(8_000, async (connectTimeout) => {
        await using tunnel = sshd.tunnel({ connectTimeout, provision: { from: fake.path } });
        assertEquals(await tunnel.call(answer, 1), [VERSION, 2]);
      }, 16_000);
      assertEquals(sshd.names(FOLDER), [NAME]);
      assertEquals(Deno.readTextFileSync(sshd.path(`${FOLDER}/${NAME}`)), fakeDeno());
    });
  }
}));

/** Programs in the place of the host's own Deno. */
const USELESS: Record<string, string> = {
  "hangs": "exec sleep 60",
  "fails": "echo out of order >&2;exit 3",
  "is no interpreter": "cat",
};

Deno.test(needing(NEEDS, "provision brings Deno if the only interpreter …", async (t) => {
  using fake = new Program(fakeDeno());
  for (const [name, script] of Object.entries(USELESS)) {
    await t.step(name, async () => {
      const setup = `mkdir -p ~/.deno/bin;printf "#!/bin/sh\\n${script}\\n" >~/.deno/bin/deno;` +
        "chmod 755 ~/.deno/bin/deno";
      await using sshd = await BareSshd.start({ setup });
      // Half of it is for what hangs.
      await withTime(8_000, async (connectTimeout) => {
        await using tunnel = sshd.tunnel({ connectTimeout, provision: { from: fake.path } });
        assertEquals(await tunnel.call(answer, 1), [VERSION, 2]);
      }, 16_000);
      assertEquals(sshd.names(FOLDER), [NAME]);
    });
  }
}));

/** Commands there that do otherwise than those of this machine. */
function instead(commands: Readonly<Record<string, string>>): string {
  const written = Object.entries(commands).map(([name, script]) =>
    `printf "#!/bin/sh\\n${script}\\n" >/mnt/${name};chmod 755 /mnt/${name};` +
    `mount --bind /mnt/${name} "$(readlink -f "$(command -v ${name})")"`
  );
  return `cp "$(command -v gzip)" /mnt/real_gzip;${written.join(";")}`;
}

/** Programs and hosts, and the error that connecting ends with. */
const UNFIT: Record<string, {
  from?: string | Uint8Array;
  provision?: ProvisionOptions;
  machine?: { lacks?: string[]; setup?: string };
  text: string;
}> = {
  "a binary that is cut off": {
    from: cutDeno(),
    text: "is no Deno ",
  },
  "bytes that change on the way": {
    from: fakeDeno(),
    machine: { setup: instead({ gzip: "/mnt/real_gzip -dc|sed s/Deno/deno/;echo" }) },
    text: "bytes were written",
  },
  "bytes that change on the way and keep their number": {
    from: fakeDeno(),
    machine: { setup: instead({ gzip: "/mnt/real_gzip -dc|sed s/exec/EXEC/" }) },
    text: "its SHA-256 there is not the one that it has here",
  },
  "a full disk, without gzip": {
    provision: { folder: "/mnt/x" },
    machine: { lacks: ["gzip", "df"], setup: "mount -t tmpfs -o size=20m none /mnt" },
    text: "bytes were written: head: ",
  },
  "no folder that programs run from": {
    from: fakeDeno(),
    machine: {
      setup: "mount --bind /tmp /tmp;mount -o remount,ro,bind /tmp;" +
        "for d in ~ /var/tmp /dev/shm;do mount -t tmpfs -o noexec none $d;done",
    },
    text: "there is no folder for it: /root/.cache/chopsticks runs no programs (noexec); ",
  },
};

Deno.test(needing(NEEDS, "provision leaves nothing on a host after …", async (t) => {
  for (const [name, { from, provision, machine, text }] of Object.entries(UNFIT)) {
    await t.step(name, async () => {
      using program = new Program(from ?? "");
      await using sshd = await BareSshd.start(machine);
      const given = from === undefined ? {} : { from: program.path };
      await using tunnel = sshd.tunnel({ provision: { ...given, ...provision } });
      const { message } = await rejectsAs(ConnectionError, tunnel.connect());
      assertStringIncludes(message, `cannot bring Deno ${VERSION} there: `);
      assertStringIncludes(message, text);
      for (const folder of [FOLDER, "/mnt/x", "/dev/shm"]) {
        assertEquals(sshd.names(folder).filter((name) => /deno/.test(name)), []);
      }
    });
  }
}));

Deno.test(needing(
  NEEDS,
  "provision ends with an ssh that is killed, and the next connection brings Deno",
  async () => {
    await using sshd = await BareSshd.start();
    const onProgress = ({ bytes }: FileProgress): void => {
      if (bytes < 10_000_000) return;
      const ssh = listProcesses().find(({ parent, command }) =>
        parent === Deno.pid && command.includes("ssh -T ") && command.includes(sshd.sshArgs[3]!)
      );
      if (ssh !== undefined) Deno.kill(ssh.pid, "SIGKILL");
    };
    await using tunnel = sshd.tunnel({ provision: { onProgress } });
    const { message } = await rejectsAs(ConnectionError, tunnel.connect());
    assertStringIncludes(message, "sending Deno");
    await soon(
      (async () => {
        while (sshd.names(FOLDER).length > 0) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      })(),
      "the end of the transfer",
    );
    await using again = sshd.tunnel({ provision: true });
    assertEquals(await again.call(answer, 1), [VERSION, 2]);
    assertEquals(sshd.names(FOLDER), [NAME]);
  },
));

Deno.test(needing(
  NEEDS,
  "provision removes parts of files that are a day old, but not those of others that go on",
  async () => {
    using fake = new Program(fakeDeno());
    await using sshd = await BareSshd.start();
    keep(sshd, "");
    const [old, new_] = [".deno-2.9.0-0123456789abcdef", ".deno-2.9.0-fedcba9876543210"];
    for (const name of [old, new_]) Deno.writeTextFileSync(sshd.path(`${FOLDER}/${name}`), "");
    Deno.utimeSync(sshd.path(`${FOLDER}/${old}`), 0, new Date(Date.now() - 50 * 3_600_000));
    await using tunnel = sshd.tunnel({ provision: { from: fake.path } });
    assertEquals(await tunnel.call(answer, 1), [VERSION, 2]);
    assertEquals(sshd.names(FOLDER), [new_, NAME]);
  },
));

/** Puts files into the place where a C library has its loader. */
function loaders(...names: string[]): string {
  return "mkdir /mnt/upper /mnt/work;folder=$(readlink -f /lib);" +
    "mount -t overlay none -o lowerdir=$folder,upperdir=/mnt/upper,workdir=/mnt/work $folder;" +
    names.map((name) => `touch /lib/${name};`).join("") +
    // It shows what was hidden in that folder.
    'while file=$(command -v deno||command -v node);do mount --bind /dev/null "$file";done';
}

Deno.test(needing(NEEDS, "provision says that a host has musl", async () => {
  const setup = loaders("ld-musl-x86_64.so.1", "ld-musl-aarch64.so.1");
  await using sshd = await BareSshd.start({ lacks: ["getconf"], setup });
  await using tunnel = sshd.tunnel({ provision: true });
  const { message } = await rejectsAs(RuntimeNotFoundError, tunnel.connect());
  assertStringIncludes(
    message,
    "; Deno cannot be brought there: its C library is musl, and Deno needs glibc; install Node " +
      "there, or name a Deno that runs there by provision.from\n",
  );
  assertEquals(sshd.names(FOLDER), []);
}));

Deno.test(
  needing(NEEDS, "provision gets npm's Deno for a host with another processor", async () => {
    const [machine, platform, loader, elfMachine] = Deno.build.arch === "aarch64"
      ? ["x86_64", "linux-x64", "", 0x3e] as const
      : ["aarch64", "linux-arm64", "ld-linux-aarch64.so.1", 0xb7] as const;
    const uname = `[ \\$1 = -s ]&&echo Linux||echo ${machine}`;
    const setup = `${instead({ uname })};${loader === "" ? ":" : loaders(loader)}`;
    const before = Deno.env.get("XDG_CACHE_HOME");
    // It stays there, for the next run.
    const cache = new URL("../../../.cache", import.meta.url).pathname;
    Deno.env.set("XDG_CACHE_HOME", cache);
    try {
      await using sshd = await BareSshd.start({ setup });
      const seen: FileProgress[] = [];
      const onProgress = (one: FileProgress): void => void seen.push(one);
      await using tunnel = sshd.tunnel({ provision: { onProgress } });
      const { message } = await rejectsAs(ConnectionError, tunnel.connect(), 120_000);
      // It has arrived as it is here, and does not run, as the processor is this one all the same.
      assertStringIncludes(
        message,
        `cannot bring Deno ${VERSION} there: its --version there prints `,
      );
      const { bytes, total } = seen.at(-1)!;
      assertEquals(bytes, total);
      using file = Deno.openSync(`${cache}/chopsticks/deno-${VERSION}-${platform}`);
      const start = new Uint8Array(20);
      file.readSync(start);
      assertEquals(new TextDecoder().decode(start.subarray(1, 4)), "ELF");
      assertEquals(start[18], elfMachine);
      assertEquals(sshd.names(FOLDER), []);
    } finally {
      if (before === undefined) Deno.env.delete("XDG_CACHE_HOME");
      else Deno.env.set("XDG_CACHE_HOME", before);
    }
  }),
);
