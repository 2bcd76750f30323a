import { decode, encode } from "../../codec/mod.ts";
import {
  type BaseTunnel,
  ConnectionError,
  Container,
  Docker,
  ErrorResult,
  Group,
  Kubernetes,
  Local,
  Podman,
  type ProvisionOptions,
  Queue,
  Slurm,
  SSHTunnel,
  Sudo,
} from "../../mod.ts";
import { Scheduler } from "../../queue/scheduler.ts";

// An option can be `undefined`, which is the same as to leave it out. These lines are checked with
// exactOptionalPropertyTypes, which deno.json sets.
const nothing = {
  runtime: undefined,
  deno: undefined,
  node: undefined,
  provision: undefined,
  permissions: undefined,
  env: undefined,
  cwd: undefined,
  serve: undefined,
  stderr: undefined,
  ask: undefined,
  connectTimeout: undefined,
  keepAlive: undefined,
} as const;
const tun: BaseTunnel = new Local("a", nothing);
const none = { folder: undefined, keep: undefined, from: undefined, version: undefined };
const provision: ProvisionOptions = { ...none, onProgress: undefined };
new Group(["a"], { ssh: { provision } });
new Group(["a"], { ssh: { provision: true } });
new Docker("a", { ...nothing, image: undefined, rm: undefined, dockerArgs: undefined });
new Podman("a", { ...nothing, image: undefined, rm: undefined, dockerArgs: undefined });
new Container("a", { ...nothing, engine: undefined, user: undefined });
new Kubernetes("a", {
  ...nothing,
  namespace: undefined,
  context: undefined,
  container: undefined,
  image: undefined,
  kubectlArgs: undefined,
});
new Slurm("a", { ...nothing, srunArgs: undefined });
new Sudo({ ...nothing, user: undefined, name: undefined, password: undefined });
new SSHTunnel("a", {
  ...nothing,
  user: undefined,
  port: undefined,
  password: undefined,
  sudo: undefined,
  sshArgs: undefined,
});
const group = new Group(["a"], { concurrency: undefined, ssh: undefined });
const queue = new Queue({ concurrency: undefined });

const transfer = { signal: undefined, onProgress: undefined } as const;
const sync = {
  ...transfer,
  delete: undefined,
  checksum: undefined,
  exclude: undefined,
  dryRun: undefined,
  diff: undefined,
} as const;
const put = { ...transfer, mode: undefined, dryRun: undefined, diff: undefined } as const;
await tun.put("a", undefined, put);
await tun.fetch("a", undefined, transfer);
await tun.sync("a", "b", sync);
await tun.fetchDir("a", "b", sync);
tun.with({ signal: undefined });
group.with({ signal: undefined, maxFailures: undefined });
queue.with({ signal: undefined });
await group.filter(() => true, { exclude: undefined });

new ErrorResult(new Error(), { tb: undefined, skipped: undefined, aborted: undefined });
new ConnectionError("a", "b", { command: [], exitCode: 0, stderr: "", stdout: undefined });
const scheduler = new Scheduler({ concurrency: undefined });
scheduler.add("lane", () => Promise.resolve(), { signal: undefined });
await scheduler.run({ signal: undefined });
encode(1, { name: undefined, maxDepth: undefined, handle: undefined, standIn: undefined });
decode(encode(1), { maxDepth: undefined, maxSize: undefined, revive: undefined });
