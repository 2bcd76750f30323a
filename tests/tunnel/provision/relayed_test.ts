import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { AgentHost } from "../../../agent/agent_host.ts";
import { PART_SIZE, relayedRuntime, RuntimeRequests } from "../../../tunnel/provision/relayed.ts";

const WANTED = {
  platform: `${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`,
  version: Deno.version.deno,
};

Deno.test("relayedRuntime() reads the Deno that RuntimeRequests give", async () => {
  const requests = new RuntimeRequests();
  const host = { file: (url: string) => requests.answer(url) } as unknown as AgentHost;
  const { size, sha256, packedSize, read } = await relayedRuntime(host, WANTED);
  assertEquals(size, Deno.statSync(Deno.execPath()).size);
  const hash = createHash("sha256");
  for (let at = 0; at < size; at += PART_SIZE) {
    hash.update(await read(false, at, Math.min(PART_SIZE, size - at)));
  }
  assertEquals(hash.digest("hex"), sha256);
  assertEquals(Buffer.from(await read(true, 0, 2)).toString("hex"), "1f8b");
  assertEquals((await read(true, packedSize! - 8, 8)).length, 8);
});

Deno.test("RuntimeRequests give nothing but parts of a Deno", async () => {
  const requests = new RuntimeRequests();
  const base = `chopsticks-runtime:${WANTED.platform}?version=${WANTED.version}`;
  for (
    const url of [
      ...["chopsticks-runtime:", "chopsticks-runtime:../../etc/passwd?version=2.9.6"],
      ...["1.0.0", "2.8.9", "../2.9.6", "2.9.6/../..", ""].map((version) =>
        `chopsticks-runtime:linux-x64?version=${encodeURIComponent(version)}`
      ),
      ...["&at=0", "&at=-1&length=5", "&at=0&length=0", "&at=0.5&length=1", "&at=1e12&length=1"]
        .map((query) => base + query),
      ...[`&at=0&length=${PART_SIZE + 1}`, "&at=x&length=1"].map((query) => base + query),
    ]
  ) await assertRejects(() => requests.answer(url), TypeError, "there is no such", url);
});
