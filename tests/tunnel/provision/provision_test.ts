import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  ConnectionError,
  type FileProgress,
  Group,
  Local,
  type ProvisionOptions,
  RuntimeNotFoundError,
} from "../../../mod.ts";
import { which } from "../../services/command.ts";
import { needing } from "../../services/services.ts";
import { rejectsAs, withTime } from "../_deadline.ts";
import { Bare, type BareMachine } from "./_bare.ts";
import { Folders } from "./_folders.ts";

const VERSION = Deno.version.deno;
const KEPT = `.cache/chopsticks/deno-${VERSION}`;

const answer = (n: number): [string, number] => [Deno.version.deno, n + 1];

Deno.test(
  needing(
    "sudo",
    "provision brings the Deno of this script, and the next connection finds it",
    async () => {
      using folders = new Folders();
      const seen: FileProgress[] = [];
      const onProgress = (progress: FileProgress): void => void seen.push(progress);
      for (const round of [1, 2]) {
        await using tunnel = folders.tunnel({ onProgress });
        assertEquals(await tunnel.call(answer, round), [VERSION, round + 1]);
        assertEquals(await tunnel.call(() => Deno.execPath()), `${folders.home}/${KEPT}`);
      }
      assertEquals(folders.files, [KEPT]);
      const { mode, size } = Deno.statSync(`${folders.home}/${KEPT}`);
      assertEquals(mode! & 0o777, 0o700);
      assertEquals(Deno.statSync(`${folders.home}/.cache/chopsticks`).mode! & 0o777, 0o700);
      assertEquals(size, Deno.statSync(Deno.execPath()).size);
      const { total } = seen[0]!;
      assertEquals(seen.at(-1), { host: "bare", bytes: total!, total });
      assertEquals(
        seen.filter(({ bytes }) => bytes === total).length,
        1,
        "sent once",
      );
      assert(total! < size, "compressed");
    },
  ),
);

Deno.test(
  needing(
    "sudo",
    "Without provision, RuntimeNotFoundError says that it would help, and what it costs",
    async () => {
      using folders = new Folders();
      await using tunnel = folders.tunnel(false);
      const error = await rejectsAs(RuntimeNotFoundError, tunnel.connect());
      assertStringIncludes(
        error.message.split("\n")[0]!,
        "`provision: true` would bring Deno along: about 45 MB are sent once, and 96 MB are kept there",
      );
      await using given = folders.tunnel(true, {}, { deno: "/no/deno", runtime: "deno" });
      const { message } = await rejectsAs(RuntimeNotFoundError, given.connect());
      assert(
        message.startsWith(
          "Cannot connect to bare: found no Deno 2.9 or newer (looked for /no/deno)\n",
        ),
        message,
      );
      assertEquals(folders.files, []);
    },
  ),
);

const LACKING: Record<string, Partial<BareMachine>> = {
  "gzip": { lacks: ["gzip"] },
  "a program for SHA-256": { lacks: ["sha256sum", "shasum", "openssl"] },
  "df and find": { lacks: ["df", "find"] },
  "getconf": { lacks: ["getconf"] },
  "sed": { lacks: ["sed"] },
};

Deno.test(needing("sudo", "provision needs little of the far end", async (t) => {
  for (const [name, machine] of Object.entries(LACKING)) {
    await t.step(`not ${name}`, async () => {
      using folders = new Folders();
      await using tunnel = folders.tunnel(undefined, machine);
      assertEquals(await tunnel.call(answer, 1), [VERSION, 2]);
      assertEquals(folders.files, [KEPT]);
    });
  }
  await t.step("but head, of which the error tells", async () => {
    using folders = new Folders();
    await using tunnel = folders.tunnel(undefined, { lacks: ["head", "chmod"] });
    const { message } = await rejectsAs(RuntimeNotFoundError, tunnel.connect());
    assertStringIncludes(message, "; Deno cannot be brought there: it lacks head, chmod");
  });
}));

const SETUPS: Record<string, [setup: string, path: string]> = {
  "runs no programs": [
    'mount -t tmpfs -o noexec none "$HOME";export TMPDIR=/mnt',
    "/mnt/chopsticks-0/deno-",
  ],
  "cannot be written": [
    'mount --bind "$HOME" "$HOME";mount -o remount,ro,bind "$HOME";export TMPDIR=/mnt',
    "/mnt/chopsticks-0/deno-",
  ],
  "belongs to another user": [
    'mount -t tmpfs none "$HOME";mkdir -p "$HOME/.cache/chopsticks";chown nobody "$HOME/.cache/chopsticks";' +
    "export TMPDIR=/mnt",
    "/mnt/chopsticks-0/deno-",
  ],
  "may be written by others": [
    'mount -t tmpfs none "$HOME";mkdir -m 777 -p "$HOME/.cache/chopsticks";export TMPDIR=/mnt',
    "/mnt/chopsticks-0/deno-",
  ],
  "is named by a variable": ["export XDG_CACHE_HOME=/mnt/x", "/mnt/x/chopsticks/deno-"],
  "is named with spaces": ['export XDG_CACHE_HOME="/mnt/a  b"', "/mnt/a  b/chopsticks/deno-"],
};

Deno.test(needing("sudo", "provision takes another folder where the cache folder …", async (t) => {
  for (const [name, [setup, path]] of Object.entries(SETUPS)) {
    await t.step(name, async () => {
      using folders = new Folders();
      await using tunnel = folders.tunnel(undefined, { setup });
      assertEquals(await tunnel.call(() => Deno.env.get("FAKE_DENO")), path + VERSION);
    });
  }
}));

Deno.test(needing("sudo", "provision.folder is the only folder", async () => {
  using folders = new Folders();
  await using tunnel = folders.tunnel({ from: folders.fake, folder: "~/some where/" });
  assertEquals(await tunnel.call(answer, 1), [VERSION, 2]);
  assertEquals(folders.files, [`some where/deno-${VERSION}`]);
  await using bad = folders.tunnel({ from: folders.fake, folder: "/proc/none" });
  const { message } = await rejectsAs(ConnectionError, bad.connect());
  assertStringIncludes(
    message,
    `cannot bring Deno ${VERSION} there: there is no folder for it: /proc/none cannot be made; name one by provision.folder`,
  );
}));

Deno.test(
  needing(
    "sudo",
    "provision.keep: false leaves nothing, and does not use what was kept",
    async () => {
      using folders = new Folders();
      for (const _ of [1, 2]) {
        const tunnel = folders.tunnel({ from: folders.fake, keep: false });
        assertEquals(await tunnel.call(answer, 1), [VERSION, 2]);
        assertEquals(folders.files.length, 1);
        await tunnel.close();
        assertEquals(folders.files, []);
      }
    },
  ),
);

Deno.test(needing("sudo", "provision refuses what does not fit", async (t) => {
  const step = async (
    name: string,
    provision: (folders: Folders) => ProvisionOptions,
    machine: Partial<BareMachine>,
    text: string,
  ): Promise<void> => {
    await t.step(name, async () => {
      using folders = new Folders();
      await using tunnel = folders.tunnel(provision(folders), machine);
      const { message } = await rejectsAs(ConnectionError, tunnel.connect());
      assertStringIncludes(message, text);
      assertEquals(folders.files, [], "nothing is left");
    });
  };
  const pretend = (command: string, text: string): string =>
    `printf "#!/bin/sh\\n${text}\\n" >/mnt/${command};chmod 755 /mnt/${command};PATH=/mnt:$PATH`;
  await step(
    "another machine",
    () => ({}),
    { setup: pretend("uname", "echo riscv64") },
    "Deno cannot be brought there: there is no Deno for riscv64 on riscv64; install Node there",
  );
  await step(
    "an old C library",
    () => ({}),
    { setup: pretend("getconf", "echo glibc 2.17") },
    "its C library is glibc 2.17, and Deno needs 2.27 or newer",
  );
  await step(
    "another program",
    () => ({ from: "/bin/true" }),
    {},
    "its --version there prints true (GNU coreutils)",
  );
  await step(
    "another version",
    ({ fake }) => ({ from: fake, version: "2.99.0" }),
    {},
    `its --version there prints deno ${VERSION} (fake); `,
  );
  await step(
    "a missing file",
    () => ({ from: "/no/such" }),
    {},
    "cannot read provision.from, /no/such: ",
  );
  await step("a full disk", () => ({ folder: "/mnt/x" }), {
    lacks: ["df"],
    setup: "mount -t tmpfs -o size=20m none /mnt",
  }, "bytes were written: gzip: stdout: No space left on device");
  await step("a disk without room", () => ({ folder: "/mnt/x" }), {
    setup: "mount -t tmpfs -o size=20m none /mnt",
  }, "KB free, and Deno takes ");
}));

Deno.test(
  needing("sudo", "provision: connectTimeout counts anew as long as bytes move", async () => {
    using folders = new Folders();
    const setup =
      'printf "#!/bin/sh\\nexec sleep 60\\n" >/mnt/gzip;chmod 755 /mnt/gzip;PATH=/mnt:$PATH';
    await withTime(2_000, async (connectTimeout) => {
      await using tunnel = folders.tunnel({}, { setup }, { connectTimeout });
      const { message } = await rejectsAs(ConnectionError, tunnel.connect());
      assertStringIncludes(message, `no answer within ${connectTimeout} ms, sending Deno`);
    });
  }),
);

Deno.test(
  needing(
    "sudo",
    "provision: many connections to one host at once do not harm each other",
    async () => {
      using folders = new Folders();
      const tunnels = Array.from(
        { length: 10 },
        (_, i) => folders.tunnel(undefined, {}, {}, `bare${i}`),
      );
      await using group = new Group(tunnels);
      const results = (await group.call(answer, 1)).raiseFailures();
      assertEquals([...results.values()], tunnels.map(() => [VERSION, 2]));
      assertEquals(folders.files, [KEPT]);
    },
  ),
);

Deno.test(
  needing(
    ["sudo", "node"],
    "provision works from a far end, with the bytes of this end",
    async (t) => {
      for (const runtime of ["deno", "node"] as const) {
        await t.step(runtime, async () => {
          using folders = new Folders();
          const { home } = folders;
          await using relay = new Local("relay", { runtime });
          const call = async (home: string): Promise<[string, number]> => {
            const tunnel = new Bare({ home, real: "/bin/false" }, { provision: true });
            try {
              return await tunnel.call(answer, 5);
            } finally {
              await tunnel.close();
            }
          };
          assertEquals(await relay.call(call, home), [VERSION, 6]);
          assertEquals(folders.files, [KEPT]);
        });
      }
    },
  ),
);

Deno.test(
  needing("sudo", "provision works with every shell as sh, whatever was on its way", async (t) => {
    for (const name of ["bash", "busybox", "zsh", "yash", "mksh", "ksh93", "posh"]) {
      const shell = which(name);
      await t.step({
        name,
        ignore: shell === undefined,
        async fn() {
          using folders = new Folders();
          const path = `$(readlink -f ${shell})`;
          const setup = `cp ${path} /mnt/sh;mount --bind /mnt/sh "$(readlink -f /bin/sh)"`;
          await using tunnel = folders.tunnel(undefined, { setup });
          const sent = crypto.getRandomValues(new Uint8Array(50_000));
          assertEquals(await tunnel.call((bytes: Uint8Array) => bytes, sent), sent);
        },
      });
    }
  }),
);
