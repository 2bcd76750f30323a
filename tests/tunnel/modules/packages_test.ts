import { assertEquals } from "@std/assert";
import { command } from "../../services/command.ts";
import { needing, service } from "../../services/services.ts";
import { soon } from "../_deadline.ts";
import { kindNamed } from "../_kinds.ts";
import { calls, runEcho } from "../fixture/packages.ts";
import { Local } from "../../../mod.ts";

const NOTHING = { HOME: "/nonexistent", DENO_DIR: "/nonexistent", FORCE_COLOR: "0" };

/** Agents that can only get a package through the pipe. */
const AGENTS = [
  {
    name: "Deno without network and files",
    needs: ["deno"] as const,
    open: () =>
      kindNamed("Local, Deno").open({
        // Packages look at variables and at the system to learn of colours.
        permissions: { env: true, sys: true },
        env: NOTHING,
        cwd: "/",
      }),
  },
  ...["Local, Node 18", "Local, Node 26"].map((name) => ({
    name,
    needs: ["node"] as const,
    open: () => kindNamed(name).open({ env: NOTHING, cwd: "/" }),
  })),
];

for (const { name, needs, open } of AGENTS) {
  Deno.test(needing(needs, `${name}: packages of npm work`, async (t) => {
    await using tun = open();
    for (const [name, fn] of Object.entries(calls)) {
      await t.step(name, async () => assertEquals(await tun.call(fn), fn()));
    }
    if (tun.info!.runtime === "node") {
      await t.step("execa", async () => assertEquals(await tun.call(runEcho), "from execa"));
    }
  }));
}

Deno.test("execa works on Deno, with the permissions that it needs", async () => {
  await using tun = new Local("here", {
    runtime: "deno",
    deno: Deno.execPath(),
    permissions: { env: true, run: true, sys: true, read: true },
  });
  assertEquals(await tun.call(runEcho), "from execa");
});

// Its optional packages are addons that not every registry has: npm can leave them out.
Deno.test(needing("node", "msgpackr works", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const args = ["--prefix", folder, "--omit=optional", "--no-save", "--silent"];
    const installed = await soon(
      command(["npm", "install", ...args, "msgpackr@2.1.3"]),
      "npm install",
      180_000,
    );
    assertEquals(installed.problem, "");
    const { pack, unpack } = await import(`file://${folder}/node_modules/msgpackr/node-index.js`);
    const value = { list: [1, "two", { three: 3n }], bytes: new Uint8Array([1]) };
    const there = (given: typeof value) => [...pack(unpack(pack(given)))] as number[];
    for (const path of [Deno.execPath(), service("node").paths["18"]]) {
      const isDeno = path === Deno.execPath();
      await using tun = new Local("here", {
        ...isDeno ? { runtime: "deno", deno: path } : { runtime: "node", node: path },
        env: { MSGPACKR_NATIVE_ACCELERATION_DISABLED: "true" },
      });
      assertEquals(await tun.call(there, value), there(value));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}));
