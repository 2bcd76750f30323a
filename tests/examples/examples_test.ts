import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { os } from "../../agent/facts.ts";
import { command } from "../services/command.ts";
import { needing, service } from "../services/services.ts";
import { until } from "../tunnel/operation/_files.ts";
import { makeFolder, outputOf } from "./_run.ts";

const SSH = { ssh: true };
const TIME = "\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z";

Deno.test("examples/time.ts tells the time of this machine", async () => {
  assertMatch(await outputOf("time"), new RegExp(`^Time on localhost: ${TIME}\n$`));
});

Deno.test(needing(["ssh", "deno"], "examples/time.ts tells the time of a host", async () => {
  assertMatch(await outputOf("time", ["host1"], SSH), new RegExp(`^Time on host1: ${TIME}\n$`));
}));

Deno.test("examples/own_functions.ts finds the largest files", async () => {
  await using folder = await makeFolder();
  await Deno.mkdir(`${folder.path}/sub`);
  for (let size = 1; size <= 7; size++) {
    const path = `${folder.path}/${size % 2 ? "sub/" : ""}${size}`;
    await Deno.writeFile(path, new Uint8Array(size));
  }
  const output = await outputOf("own_functions", [folder.path]);
  assertEquals(
    output.split("\n"),
    ["sub/7", "6", "sub/5", "4", "sub/3"].map((name) =>
      `${name.at(-1)!.padStart(12)} ${folder.path}/${name}`
    ).concat(""),
  );
});

Deno.test(needing("docker", "examples/docker.ts runs in a container and removes it", async () => {
  assertMatch(
    await outputOf("docker"),
    new RegExp(`^chopsticks-\\d+ has deno ${RegExp.escape(Deno.version.deno)} on `),
  );
  await assertNoContainers();
}));

Deno.test(needing(["docker", "node"], "examples/docker.ts takes another image", async () => {
  const output = await outputOf("docker", [service("docker").nodeImage]);
  assertMatch(output, /^chopsticks-\d+ has node 20\./);
  await assertNoContainers();
}));

Deno.test("examples/mixed_group.ts works without arguments", async () => {
  assertEquals(
    await outputOf("mixed_group"),
    `Group([Local('worker'), Local('helper')])
GroupResult: 2 ok
  worker,helper (2)  "deno ${Deno.version.deno} on ${os().prettyName}"
`,
  );
});

Deno.test(needing(
  ["ssh", "deno", "docker", "sudo"],
  "examples/mixed_group.ts calls tunnels of every kind",
  async () => {
    const name = `chopsticks-${crypto.randomUUID().slice(0, 8)}`;
    const members = ["host1", `docker:${name}`, "local:worker", "sudo:nobody"];
    const output = await outputOf("mixed_group", members, SSH);
    assertStringIncludes(
      output,
      `Group([SSHTunnel('host1'), Docker('${name}'), Local('worker'), Sudo('nobody')])\nGroupResult: 4 ok\n`,
    );
    await assertNoContainers();
  },
));

for (
  const [needs, hosts, options] of [[[], [], {}], [
    ["ssh", "deno"],
    ["host1", "host2"],
    SSH,
  ]] as const
) {
  const where = hosts.length === 0 ? "" : " over ssh";
  Deno.test(
    needing(needs, `examples/reconnect.ts loses state with the connection${where}`, async () => {
      const lines = (await outputOf("reconnect", hosts, options)).trimEnd().split("\n");
      const [a, b] = hosts.length === 0 ? ["a", "b"] : hosts;
      const pattern = new RegExp(
        `^(.*): ${a} call (\\d) \\(process (\\d+)\\), ${b} call (\\d) \\(process (\\d+)\\)$`,
      );
      const reports = lines.slice(0, -1).map((line) => pattern.exec(line)?.slice(1) ?? [line]);
      assertEquals(reports.map(([what, a, , b]) => [what, a, b]), [
        ["Connected ahead", "1", "1"],
        ["The same connection", "2", "2"],
        ["Connected anew", "1", "1"],
        ["Until the block ends, 2 hosts", "1", "1"],
      ]);
      const processes = reports.map(([, , pid]) => pid);
      assertEquals(processes[0], processes[1]);
      assertEquals(new Set(processes).size, 3);
      assertEquals(lines.at(-1), "Still connected: false");
    }),
  );
}

const SETS = (web1: string, web2: string, both: string, worker: string): string =>
  `web or worker: [ "${web1}", "${web2}", "${both}", "${worker}" ]
web and worker: [ "${both}" ]
web only: [ "${web1}", "${web2}" ]
one of the two only: [ "${web1}", "${web2}", "${worker}" ]
two tunnels: Group([Local('first'), Local('second')])
`;

Deno.test("examples/set_operations.ts shows the operations", async () => {
  const output = await outputOf("set_operations");
  assertStringIncludes(output, SETS("web1", "web2", "both", "worker1"));
  assertMatch(output, /with at least 1 GiB of memory: \[.*\]\n$/);
});

Deno.test(needing(["ssh", "deno"], "examples/set_operations.ts takes hosts", async () => {
  const output = await outputOf("set_operations", ["host1,host2,host3", "host4,host3"], SSH);
  assertStringIncludes(output, SETS("host1", "host2", "host3", "host4"));
}));

Deno.test("examples/recursion.ts goes from process to process", async () => {
  const output = await outputOf("recursion");
  const [, user, first, sameUser, second] =
    /^On first: (\S+) \(process (\d+)\), then (\S+) \(process (\d+)\)\n$/.exec(output) ?? [];
  assert(user !== undefined, output);
  assertEquals(sameUser, user);
  assert(first !== second, output);
});

Deno.test(needing(
  ["ssh", "deno", "sudo"],
  "examples/recursion.ts becomes another user on a host",
  async () => {
    const output = await outputOf("recursion", ["host1", "nobody"], SSH);
    assertMatch(output, /^On host1: \S+ \(process \d+\), then nobody \(process \d+\)\n$/);
  },
));

Deno.test(needing("docker", "examples/docker_pool.ts uses containers of this machine", async () => {
  assertEquals(
    await outputOf("docker_pool"),
    "here: 9592 primes from 0 to 100000\nIn all: 9592\n",
  );
  await assertNoContainers();
}));

Deno.test(needing(
  ["ssh", "deno", "docker"],
  "examples/docker_pool.ts uses containers of several hosts",
  async () => {
    const lines = (await outputOf("docker_pool", ["host1", "host2"], SSH)).trimEnd().split("\n");
    assertEquals(lines.toSorted(), [
      "In all: 17984",
      "host1: 9592 primes from 0 to 100000",
      "host2: 8392 primes from 100000 to 200000",
    ]);
    await assertNoContainers();
  },
));

function unpacked(folder: string): RegExp {
  const results = ["a.txt", "b.txt", "c.txt"].map((name) =>
    `GroupResult: 3 ok\n  host\\[1-3\\] \\(3\\)  "${RegExp.escape(`${folder}/${name}`)}"\n`
  );
  return new RegExp(`^Group: \\d+ ms\nQueue: \\d+ ms\n${results.join("")}$`);
}

Deno.test("examples/queue_files.ts puts files into folders of this machine", async () => {
  assertMatch(await outputOf("queue_files"), unpacked("."));
});

Deno.test(needing(["ssh", "deno"], "examples/queue_files.ts puts files on hosts", async () => {
  await using folder = await makeFolder();
  const { path } = folder;
  assertMatch(
    await outputOf("queue_files", [path, "host1", "host2", "host3"], SSH),
    unpacked(path),
  );
  const texts = ["a.txt", "b.txt", "c.txt"].map((name) => Deno.readTextFileSync(`${path}/${name}`));
  assertEquals(texts, ["This is a.txt\n", "This is b.txt\n", "This is c.txt\n"]);
  assertEquals([...Deno.readDirSync(path)].length, 3);
}));

/** Those that the examples start have this in their names. */
async function assertNoContainers(): Promise<void> {
  const list = ["docker", "ps", "--all", "--filter", "name=chopsticks-", "--format", "{{.Names}}"];
  await until(async () => {
    const { stdout, problem } = await command(list);
    assertEquals(problem, "");
    return stdout === "";
  }, "the end of the containers");
}
