import { assertEquals } from "@std/assert";
import {
  Container,
  Docker,
  Group,
  Kubernetes,
  Local,
  Podman,
  Queue,
  Slurm,
  SSHTunnel,
  Sudo,
} from "../../mod.ts";

Deno.test("an option that is undefined is one that is not given", async (t) => {
  const nothing = {
    ...{ runtime: undefined, deno: undefined, node: undefined, permissions: undefined },
    ...{ env: undefined, cwd: undefined, serve: undefined, stderr: undefined },
    ...{ connectTimeout: undefined, keepAlive: undefined, ask: undefined },
  };
  const transfer = { signal: undefined, onProgress: undefined };

  await t.step("to a constructor", () => {
    const password = { password: undefined };
    const ssh = { ...nothing, ...password, user: undefined, port: undefined, sudo: undefined };
    const docker = { ...nothing, image: undefined, rm: undefined, dockerArgs: undefined };
    const sudo = new Sudo({ ...nothing, ...password, user: undefined, name: undefined });
    assertEquals(
      new SSHTunnel("a", { ...ssh, sshArgs: undefined }).command(),
      new SSHTunnel("a").command(),
    );
    assertEquals(new Docker("a", docker).command(), new Docker("a").command());
    assertEquals(new Podman("a", docker).command(), new Podman("a").command());
    const container = { ...nothing, engine: undefined, user: undefined };
    assertEquals(new Container("a", container).command(), new Container("a").command());
    const where = { namespace: undefined, context: undefined, container: undefined };
    const pod = { ...nothing, ...where, image: undefined, kubectlArgs: undefined };
    assertEquals(new Kubernetes("a", pod).command(), new Kubernetes("a").command());
    const argv = new Slurm("a", { ...nothing, srunArgs: undefined }).command();
    assertEquals(argv.length, new Slurm("a").command().length);
    assertEquals([sudo.command(), sudo.host], [new Sudo().command(), new Sudo().host]);
    assertEquals(new Group([], { concurrency: undefined, ssh: undefined }).concurrency, 100);
    new Queue({ concurrency: undefined });
  });

  await t.step("to an operation", async () => {
    await using tun = new Local("here", nothing);
    const there = tun.with({ signal: undefined });
    const group = new Group([there]).with({ signal: undefined, maxFailures: undefined });
    const dry = { dryRun: undefined, diff: undefined };
    const options = { ...transfer, ...dry, mode: undefined };
    const { remotePath } = await there.put({ text: "a" }, undefined, options);
    const { localPath } = await there.fetch(remotePath, undefined, transfer);
    assertEquals(await Deno.readTextFile(localPath), "a");
    assertEquals((await group.fetch(remotePath, null, transfer)).get("here"), {
      ...await tun.fetch(remotePath, null),
    });
    const folder = await Deno.makeTempDir();
    const sync = {
      ...{ ...transfer, delete: undefined, checksum: undefined },
      ...{ ...dry, exclude: undefined },
    };
    await Deno.mkdir(`${folder}/a`);
    assertEquals((await there.sync(`${folder}/a`, `${folder}/b`, sync)).created, ["."]);
    for (const path of [folder, remotePath, localPath]) {
      await Deno.remove(path, { recursive: true });
    }
  });
});
