import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fs from "node:fs";
import type { ForwardOptions } from "../../../mod.ts";
import { Local, RemoteError, type SocketAddress } from "../../../mod.ts";
import { rejection, rejectsAs, soon } from "../_deadline.ts";
import { Lines } from "../_lines.ts";
import { onRuntimes } from "../_runtimes.ts";
import { freePorts } from "../../services/free_port.ts";
import { until } from "./_files.ts";
import * as sockets from "../fixture/sockets.ts";

/** A port on which nothing listens. */
function closedPort(): { hostname: string; port: number } {
  return { hostname: "127.0.0.1", port: freePorts(1)[0]! };
}

/** Bytes that differ from each other, and from those of another seed. */
function bytesOf(size: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => i * 7 + (i >> 8) + seed);
}

onRuntimes("forward() and reverse() carry 100 connections at once", async (tun) => {
  const there = await tun.call(sockets.serve, "echo");
  const here = await sockets.serve("echo");
  await using forward = await tun.forward({ to: there });
  await using reverse = await tun.reverse({ to: here });
  const numbers = Array.from({ length: 100 }, (_, i) => i);
  const sizeOf = (i: number): number => (i * 7919) % 200_000;
  await Promise.all(numbers.map(async (i) => {
    const bytes = bytesOf(sizeOf(i), i);
    assertEquals(await sockets.ask(forward.addr, bytes), bytes);
  }));
  const wrong = await tun.call(async (address: SocketAddress) => {
    const answers = await Promise.all(numbers.map(async (i) => {
      const bytes = Uint8Array.from({ length: (i * 7919) % 200_000 }, (_, at) => at * 3 + i);
      const answer = await sockets.ask(address, bytes);
      return answer.length === bytes.length && answer.every((byte, at) => byte === bytes[at]);
    }));
    return numbers.filter((i) => !answers[i]);
  }, reverse.addr);
  assertEquals(wrong, []);
  // They keep their connections while these are open.
  const many = await Promise.all(numbers.map(() => sockets.dial(forward.addr)));
  // The system takes connections before the forward does.
  await until(() => forward.connections === 100, "100 connections");
  const ended = many.map(sockets.endOf);
  await forward.close();
  await soon(Promise.all(ended), "100 ends");
  assertEquals(forward.connections, 0);
  await tun.call(sockets.stop, there);
  await sockets.stop(here);
});

onRuntimes("forward() ends each direction by itself", async (tun) => {
  // Of Deno's `node:net`, only sockets of files can still write when the peer has ended.
  const [here, there] = [sockets.newPath(), await tun.call(sockets.newPath)];
  const to = await tun.call(sockets.serve, "mute", there);
  await using forward = await tun.forward({ to, from: { path: here } });
  const socket = await sockets.dial(forward.addr);
  socket.resume();
  await soon(new Promise((resolve) => socket.once("end", resolve)), "the end of a direction");
  assertEquals(forward.connections, 1);
  socket.end(bytesOf(3_000_000));
  await soon(sockets.endOf(socket), "the end");
  while (await tun.call(sockets.open) > 0);
  assertEquals(await tun.call(sockets.receivedBytes), 3_000_000);
  await tun.call(sockets.stop, to);
});

onRuntimes("forward() waits for a slow reader, at both ends", async (tun) => {
  const most = 32 * 2 ** 20;
  // The far end sends.
  const source = await tun.call(sockets.serve, "source");
  const forward = await tun.forward({ to: source });
  const reader = await sockets.dial(forward.addr);
  reader.pause();
  const sent = await stalled(() => tun.call(sockets.sentBytes));
  assert(sent > 0 && sent < most, `${sent}`);
  await forward.close();
  reader.destroy();
  // This end sends.
  const deaf = await tun.call(sockets.serve, "deaf");
  const other = await tun.forward({ to: deaf });
  const writer = await sockets.dial(other.addr);
  let written = 0;
  const write = (): void => {
    do written += 65536; while (writer.write(new Uint8Array(65536)));
  };
  writer.on("drain", write).on("error", () => {});
  write();
  const taken = await stalled(() => {
    // Each call makes a round trip, while the socket goes on.
    return tun.call(Date.now).then(() => written);
  });
  assert(taken < most, `${taken}`);
  await other.close();
  writer.destroy();
  await tun.call(sockets.stop, source);
  await tun.call(sockets.stop, deaf);
});

/** Waits until a number grows no more. */
async function stalled(count: () => Promise<number>): Promise<number> {
  let [last, same] = [-1, 0];
  while (same < 50) {
    const now = await count();
    same = now === last ? same + 1 : 0;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return last;
}

onRuntimes(
  "forward() breaks off the connection that cannot be made there, and no other",
  async () => {
    const lines = new Lines();
    await using tun = new Local("web1", { stderr: lines.take });
    const to = closedPort();
    await using forward = await tun.forward({ to });
    const text = `127.0.0.1:${to.port}: connection refused (ECONNREFUSED)`;
    for (let i = 0; i < 3; i++) {
      const socket = await sockets.dial(forward.addr);
      await soon(sockets.endOf(socket), "the end");
    }
    const line = `Cannot carry a connection to 127.0.0.1:${to.port}: on web1, ${text}`;
    await lines.until(line);
    // Something listens there later.
    const server = Deno.listen({ hostname: "127.0.0.1", port: to.port });
    const accepted = server.accept();
    const late = sockets.ask(forward.addr, bytesOf(5));
    using connection = await soon(accepted, "a connection");
    await connection.write(new TextEncoder().encode("late"));
    await connection.closeWrite();
    assertEquals(new TextDecoder().decode(await late), "late");
    server.close();
    assertEquals(lines.all, [line]);
  },
);

onRuntimes(
  "reverse() breaks off the connection that cannot be made here, and no other",
  async () => {
    const lines = new Lines();
    await using tun = new Local("web1", { stderr: lines.take });
    const to = closedPort();
    await using reverse = await tun.reverse({ to });
    await tun.call(
      async (address: SocketAddress) => await sockets.endOf(await sockets.dial(address)),
      reverse.addr,
    );
    await lines.until(
      `Cannot carry a connection to 127.0.0.1:${to.port}: ` +
        `here, 127.0.0.1:${to.port}: connection refused (ECONNREFUSED)`,
    );
    assertEquals(reverse.connections, 0);
  },
);

onRuntimes("forward() ends the connection there of a peer that goes", async (tun) => {
  const to = await tun.call(sockets.serve, "greeter");
  await using forward = await tun.forward({ to });
  const socket = await sockets.dial(forward.addr);
  await new Promise((resolve) => socket.once("data", resolve));
  assertEquals([forward.connections, await tun.call(sockets.open)], [1, 1]);
  socket.resetAndDestroy();
  const untilNone = async (): Promise<void> => {
    while (await tun.call(sockets.open) > 0 || forward.connections > 0);
  };
  await soon(untilNone(), "the end of the connection");
  await tun.call(sockets.stop, to);
});

Deno.test("forward() refuses options that it does not understand", async () => {
  const tun = new Local();
  const cases: [options: unknown, text: string][] = [
    [undefined, "options is undefined: expected a plain object"],
    [{}, "to is undefined: expected { port } or { path }"],
    [{ to: 80 }, "to is 80: expected { port } or { path }"],
    [{ to: {} }, "to.port is undefined: expected a number, or { path }"],
    [{ to: { port: "80" } }, 'to.port is "80": expected a number, or { path }'],
    [{ to: { port: 0 } }, "to.port is 0: expected a whole number, 1 to 65535"],
    [{ to: { port: 65536 } }, "to.port is 65536: expected a whole number, 1 to 65535"],
    [{ to: { port: 1.5 } }, "to.port is 1.5: expected a whole number, 1 to 65535"],
    [{ to: { port: 80, path: "/x" } }, "to has a path and a port or hostname: expected"],
    [{ to: { path: "" } }, 'to.path is "": expected a string'],
    [{ to: { path: "\0abstract" } }, "to.path has a NUL character"],
    [{ to: { port: 80, host: "x" } }, 'options has "host": expected one of hostname, port, path'],
    [{ to: { port: 80, transport: "udp" } }, 'to.transport is "udp": expected "tcp"'],
    [{ to: { path: "/x", transport: "tcp" } }, 'to.transport is "tcp": expected "unix"'],
    [{ to: { port: 80, hostname: 5 } }, "to.hostname is 5: expected a string"],
    [{ to: { port: 80 }, from: { port: -1 } }, "from.port is -1: expected a whole number, 0 to"],
    [{ to: { port: 80 }, form: {} }, 'options has "form": expected one of to, from'],
  ];
  for (const [options, text] of cases) {
    for (const way of ["forward", "reverse"] as const) {
      const error = await rejection(tun[way](options as ForwardOptions));
      assertStringIncludes(String(error), text);
    }
  }
});

Deno.test("forward() takes the addresses of Deno's listeners", async () => {
  await using tun = new Local();
  using tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using forward = await tun.forward({ to: tcp.addr });
  using connection = await Deno.connect(forward.addr);
  using accepted = await soon(tcp.accept(), "a connection");
  await accepted.write(bytesOf(1));
  assertEquals(await connection.read(new Uint8Array(10)), 1);
  const path = sockets.newPath();
  using unix = Deno.listen({ transport: "unix", path });
  await (await tun.forward({ to: unix.addr as Deno.UnixAddr })).close();
});

Deno.test("forward() says why it cannot listen, and where", async () => {
  await using tun = new Local("web1");
  const to = { port: 80 };
  const taken = await sockets.serve("echo") as { hostname: string; port: number };
  const used = `127.0.0.1:${taken.port}`;
  assertEquals(
    String(await rejection(tun.forward({ to, from: taken }))),
    `Error: Cannot forward ${used} to 127.0.0.1:80 of web1: ` +
      `here, ${used}: the address is in use (EADDRINUSE)`,
  );
  assertEquals(
    (await rejectsAs(RemoteError, tun.reverse({ to, from: taken }))).message,
    `Cannot forward ${used} of web1 to 127.0.0.1:80: ` +
      `on web1, ${used}: the address is in use (EADDRINUSE)`,
  );
  await sockets.stop(taken);
  for (
    const [path, reason] of [
      ["/no/such/folder/x.sock", "no such file or folder (ENOENT)"],
      [`/tmp/${"x".repeat(103)}`, "the path is too long for a socket (ENAMETOOLONG)"],
    ] as const
  ) {
    for (const way of ["forward", "reverse"] as const) {
      const error = await rejection(tun[way]({ to, from: { path } }));
      assertStringIncludes(String(error), `${path}: ${reason}`);
    }
  }
});

onRuntimes("a socket file that a dead process left is replaced, and nothing else", async (tun) => {
  const to = { port: 80 };
  const path = sockets.newPath();
  try {
    for (const way of ["forward", "reverse"] as const) {
      fs.writeFileSync(path, "precious");
      assertStringIncludes(String(await rejection(tun[way]({ to, from: { path } }))), "in use");
      assertEquals(fs.readFileSync(path, "utf8"), "precious");
      fs.rmSync(path);

      const first = await tun[way]({ to, from: { path } });
      assertStringIncludes(String(await rejection(tun[way]({ to, from: { path } }))), "in use");
      await first.close();

      await leaveSocket(path);
      const second = await tun[way]({ to, from: { path } });
      assertEquals(sockets.modeOf(path), 0o600);
      await second.close();
      assert(!fs.existsSync(path));
    }
  } finally {
    fs.rmSync(path, { force: true });
  }
});

/** Makes a socket file at which nobody listens. */
async function leaveSocket(path: string): Promise<void> {
  const code = `const s = require("net").createServer();
    s.listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"));`;
  await new Deno.Command(Deno.execPath(), { args: ["eval", "--ext=cjs", code] }).output();
  assert(fs.lstatSync(path).isSocket());
}

Deno.test("an agent with few permissions says which ones a forward needs", async () => {
  const path = `/tmp/x-${crypto.randomUUID()}.sock`;
  await using tun = new Local("web1", { permissions: { net: ["127.0.0.1:5432"] } });
  const messageOf = async (forward: Promise<unknown>): Promise<string> =>
    (await rejectsAs(RemoteError, forward)).message;
  assertMatch(
    await messageOf(tun.forward({ to: { port: 80 } })),
    /on web1, 127.0.0.1:80: permission denied \(net\); give the tunnel permissions: \{ net: \["127.0.0.1:80"\] \}$/,
  );
  assertMatch(
    await messageOf(tun.forward({ to: { path } })),
    new RegExp(
      `permissions: \\{ net: \\["unix:${path}"\\], read: \\["${path}"\\], write: \\["${path}"\\] \\}$`,
    ),
  );
  assertStringIncludes(
    await messageOf(tun.reverse({ to: { port: 80 } })),
    'permissions: { net: ["127.0.0.1:0"] }',
  );
  assertStringIncludes(
    await messageOf(tun.reverse({ to: { port: 80 }, from: { path } })),
    `permissions: { net: ["unix:${path}"]`,
  );
  await (await tun.forward({ to: { port: 5432 } })).close();

  const permissions = { net: [`unix:${path}`], read: [path], write: [path] };
  await using other = new Local("web2", { permissions });
  await (await other.forward({ to: { path } })).close();
  await (await other.reverse({ to: { port: 80 }, from: { path } })).close();
});
