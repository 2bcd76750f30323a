import { assert, assertEquals } from "@std/assert";
import { DirectWriter } from "../../../tunnel/connection/direct_writer.ts";
import { soon } from "../_deadline.ts";
import { startCat } from "./_cat.ts";

const isLinux = Deno.build.os === "linux";
const stdio = { stdin: "piped", stdout: "piped", stderr: "null" } as const;

Deno.test({
  name: "DirectWriter writes a piece as a whole or not at all, also when the pipe is full",
  ignore: !isLinux,
  async fn() {
    const child = new Deno.Command("sh", { args: ["-c", "read -r s;exec cat"], ...stdio }).spawn();
    const writer = DirectWriter.open(child.pid)!;
    assert(!writer.write(new Uint8Array(4097)));
    const piece = new Uint8Array(4000).fill(7);
    let written = 0;
    while (writer.write(piece)) written += piece.length;
    assert(written > 0);
    const stdin = child.stdin.getWriter();
    const line = stdin.write(new Uint8Array([10]));
    writer.close();
    writer.close();
    assert(!writer.write(new Uint8Array(1)));
    await line;
    await stdin.close();
    const rest = await soon(new Response(child.stdout).bytes(), "the output");
    await child.status;
    // The first line is all that was written before.
    assertEquals(rest.length, 0);
  },
});

Deno.test({
  name: "DirectWriter.open() takes the pipe whatever number is free",
  ignore: !isLinux,
  async fn() {
    const files = Array.from({ length: 9 }, () => Deno.openSync("/dev/null"));
    const child = new Deno.Command("cat", stdio).spawn();
    for (const file of files) file.close();
    const writer = DirectWriter.open(child.pid)!;
    assert(writer.write(new Uint8Array([7])));
    writer.close();
    await child.stdin.close();
    assertEquals(await new Response(child.stdout).bytes(), new Uint8Array([7]));
    await child.status;
  },
});

Deno.test({
  name: "DirectWriter.open() takes nothing but the pipe of this process",
  ignore: !isLinux,
  async fn() {
    for (const other of ["</dev/null", "<&-", "</proc/self/exe"]) {
      const args = ["-c", `exec 3<&0;exec cat <&3 & exec sleep 1000 ${other}`];
      const child = new Deno.Command("sh", { args, ...stdio }).spawn();
      const isThere = async (): Promise<void> => {
        const file = `/proc/${child.pid}/comm`;
        while ((await Deno.readTextFile(file)).trim() !== "sleep");
      };
      await soon(isThere(), "sleep");
      assertEquals(DirectWriter.open(child.pid), undefined, other);
      child.kill();
      await Promise.all([child.stdin.close(), child.stdout.cancel(), child.status]);
    }
    // A pipe, but between two others.
    const args = ["-c", "sleep 1000|{ echo $(exec sh -c 'echo $PPID');exec sleep 1000; }"];
    const child = new Deno.Command("setsid", { args: ["sh", ...args], ...stdio }).spawn();
    const reader = child.stdout.getReader();
    const pid = Number(new TextDecoder().decode((await reader.read()).value));
    assert(Deno.readLinkSync(`/proc/${pid}/fd/0`).startsWith("pipe:"));
    assertEquals(DirectWriter.open(pid), undefined);
    Deno.kill(-child.pid, "SIGKILL");
    await Promise.all([child.stdin.close(), reader.cancel(), child.status]);
  },
});

Deno.test({
  name: "a process gets small and large pieces in order",
  ignore: !isLinux,
  async fn() {
    const got: number[] = [];
    const { child, closed } = startCat({
      onOutput: (chunk) => got.push(...chunk),
    });
    const sent: number[] = [];
    for (let i = 0; i < 200; i++) {
      const piece = new Uint8Array(i % 7 === 0 ? 9_000 : i % 5 === 0 ? 4_096 : 3).fill(i);
      sent.push(...piece);
      child.pipe.write(i % 2 === 0 ? [piece] : [piece.subarray(0, 2), piece.subarray(2)]);
      if (i % 11 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const all = async (): Promise<void> => {
      while (got.length < sent.length) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    await soon(all(), "the bytes");
    assertEquals(got, sent);
    child.pipe.close();
    await soon(closed.promise, "the end of cat");
  },
});

Deno.test({
  name: "no sign of life can come between the two chunks of a frame",
  ignore: !isLinux,
  async fn() {
    const drained = Promise.withResolvers<void>();
    const { child, closed } = startCat();
    const { lock, direct } = child;
    const isFree = (): boolean => Atomics.load(lock!.cell, 0) === 0;
    const events: string[] = [];
    const write = direct!.write.bind(direct);
    direct!.write = (bytes) => {
      events.push(`${bytes.length} bytes, ${isFree() ? "free" : "taken"}`);
      return write(bytes);
    };
    const release = lock!.release.bind(lock);
    lock!.release = () => {
      release();
      events.push("released");
      drained.resolve();
    };
    // A frame that is not joined: its header is written at once, and the rest by the stream.
    child.pipe.write([new Uint8Array(12), new Uint8Array(150_000)]);
    events.push("written");
    await soon(drained.promise, "the stream");
    child.pipe.write([new Uint8Array(12), new Uint8Array(1)]);
    const frames = ["12 bytes, taken", "150000 bytes, taken", "written", "released"];
    assertEquals(events, [...frames, "13 bytes, taken", "released"]);
    assert(isFree());
    child.pipe.close();
    await soon(closed.promise, "the end of cat");
  },
});
