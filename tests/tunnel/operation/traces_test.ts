import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { fileURLToPath } from "node:url";
import { runtime } from "../../../agent/facts.ts";
import { Local } from "../../../mod.ts";
import { needing, service } from "../../services/services.ts";
import { freePorts } from "../../services/free_port.ts";
import { Collector } from "../_collector.ts";
import { soon } from "../_deadline.ts";
import { again, exported } from "../fixture/traces/far.ts";

const SCRIPT = fileURLToPath(import.meta.resolve("../fixture/traces/main.ts"));
const OTEL = Symbol.for("opentelemetry.js.api.1");

/** Runs a scenario of the script with traces, and gives what it printed. */
async function run(
  collector: Collector,
  scenario: string,
  argument: object = {},
  env: Record<string, string> = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", SCRIPT, scenario, JSON.stringify(argument)],
    env: { ...collector.env, ...env },
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  assertEquals(code, 0, text(stderr));
  assertEquals(collector.text.match(/s3cret/g), null, "an argument or a secret was exported");
  return text(stdout);
}

function lines(...lines: string[]): string {
  return lines.join("\n");
}

Deno.test("call() is a client span, whose function's spans are its children", async () => {
  await using collector = new Collector();
  await run(collector, "call");
  assertEquals(
    collector.tree(),
    lines(
      "call now -> box (root)",
      "outer (root)",
      "  call (anonymous) -> box",
      "  call again -> box",
      "    again",
      "  call byValue -> box",
      "    there",
      "  call exported -> box",
      "    later",
      "    there",
      "  call exported -> box",
      "    later",
      "    there",
      "  call max -> box",
    ),
  );
  const { traceId } = collector.span("outer");
  assertEquals(collector.span("again").traceId, traceId);
  assertEquals(collector.span("call again").scope, "@chopsticks/chopsticks");
  assertEquals(collector.span("call again").attributes, { "server.address": "box" });
});

Deno.test("put(), fetch(), sync() and fetchDir() are client spans", async () => {
  await using collector = new Collector();
  await run(collector, "files");
  assertEquals(
    collector.tree(),
    lines(
      "outer (root)",
      ...["fetch", "fetch", "fetchDir", "put", "sync"].map((name) => `  ${name} -> box`),
    ),
  );
  for (const { name, attributes } of collector.spans) {
    if (name !== "outer") assertEquals(attributes, { "server.address": "box" });
  }
});

Deno.test("the spans of groups and queues are children of what began them", async () => {
  await using collector = new Collector();
  await run(collector, "group");
  // The members share the items of a map, in whatever way.
  const tree = collector.tree().replaceAll("call exported -> b", "call exported -> a");
  const both = (call: string, child: string): string[] =>
    ["a", "b"].flatMap((host) => [`  ${call} -> ${host}`, `    ${child}`]);
  assertEquals(
    tree,
    lines(
      "call (root)",
      ...both("call byValue", "there"),
      "each (root)",
      ...["a", "b"].flatMap((host) => [
        `  step of ${host}`,
        `    call byValue -> ${host}`,
        `      there`,
        `    call remove -> ${host}`,
        `    put -> ${host}`,
      ]),
      "follow (root)",
      ...both("call (anonymous)", "in a stream"),
      "map (root)",
      ...[1, 2, 3].flatMap(() => ["  call exported -> a", "    later", "    there"]),
      "queue (root)",
      ...both("call byValue", "there"),
      "stream (root)",
      ...both("call byValue", "there"),
    ),
  );
});

Deno.test("what is called back belongs to its call, and output to no span", async () => {
  await using collector = new Collector();
  await run(collector, "context");
  assertEquals(
    collector.tree(),
    lines(
      // The tunnel was connected by the first call.
      "first (root)",
      "  call byValue -> box",
      "    there",
      "second (root)",
      "  call (anonymous) -> box",
      "    called back",
      "    in an argument",
      "told (root)",
    ),
  );
});

Deno.test("a span tells of the error and of the abort, and nothing of the arguments", async () => {
  await using collector = new Collector();
  const port = freePorts(1)[0]!;
  await run(collector, "errors", { port });
  const found = collector.spans
    .filter(({ error }) => error !== undefined)
    .map(({ name, attributes, error }) => `${name} ! ${attributes["error.type"]}: ${error}`)
    .sort();
  const [tooLarge, noCopy, lost, timeout, aborted, nested, none, ...others] = found;
  assertEquals(
    tooLarge,
    "call (anonymous) ! RangeError: (anonymous)() failed on box: RangeError: It is too large",
  );
  assertStringIncludes(noCopy!, "call (anonymous) ! TypeError: Cannot encode arguments[0]");
  assertEquals(
    lost,
    "call forever ! ConnectionError: The tunnel to box was closed before this had ended (is an await missing?)",
  );
  assertStringIncludes(timeout!, "call forever ! TimeoutError: ");
  assertEquals(aborted, "call forever ! _OTHER: A value of type string was thrown");
  assertStringIncludes(none!, "call now ! ConnectionError: Cannot connect to none: ssh exited");
  const inner = "sh() failed on inner: CommandError: Command failed with code 4";
  assertEquals(nested, `call nested ! RemoteError: nested() failed on box: RemoteError: ${inner}`);
  const missing = "/no/such/file: no such file or folder (ENOENT)";
  assertEquals(others, [
    "call sh ! CommandError: sh() failed on box: CommandError: Command failed with code 3",
    "call sh ! CommandError: sh() failed on box: CommandError: Command was ended by SIGKILL",
    `call sh ! CommandError: ${inner}`,
    `fetch ! Error: Cannot fetch /no/such/file from box: on box, ${missing}`,
    `put ! Error: Cannot put /no/such/file to box: here, ${missing}`,
  ]);
  for (const { error, exceptions } of collector.spans) {
    assertEquals(exceptions.map((one) => one["exception.message"]), error ? [error] : []);
  }
  const { attributes } = collector.span("call now");
  assertEquals(attributes["server.address"], "127.0.0.1");
  assertEquals(Number(attributes["server.port"]), port);
  const stack = collector.spans.find((one) => one.error?.includes("too large"))!.exceptions[0]!;
  assertStringIncludes(`${stack["exception.stacktrace"]}`, "fixture/traces/main.ts:");
});

const HOPS = lines(
  "outer (root)",
  "  call hop -> one",
  "    between",
  "      call byValue -> two",
  "        there",
);

Deno.test("a trace goes on over two hops", async () => {
  await using collector = new Collector();
  await run(collector, "hops");
  assertEquals(collector.tree(), HOPS);
});

Deno.test(needing(["ssh", "sudo", "deno"], "a trace goes on over ssh and sudo", async () => {
  await using collector = new Collector();
  await run(collector, "hops", { config: service("ssh").config, deno: service("deno").path });
  assertEquals(collector.tree(), HOPS.replace("-> one", "-> host1"));
}));

Deno.test("the far end gets the OTEL_ variables, but none with secrets or paths", async () => {
  await using collector = new Collector();
  const printed = await run(collector, "variables", {}, {
    OTEL_SERVICE_NAME: "here",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=test",
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=s3cret",
    OTEL_EXPORTER_OTLP_LOGS_HEADERS: "authorization=s3cret",
    OTEL_EXPORTER_OTLP_CLIENT_KEY: "/no/such.key",
    OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: "/no/such.pem",
  });
  assertEquals(JSON.parse(printed), [
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_DENO",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SERVICE_NAME",
  ]);
  assertEquals(collector.span("call byValue").service, "here");
  assertEquals(collector.span("there").service, "there"); // the tunnel's own option
  const senders = collector.headers.map((headers) => headers.get("authorization"));
  assert(senders.includes("s3cret") && senders.includes(null));
});

for (const major of ["18", "26"] as const) {
  Deno.test(needing("node", `a Node ${major} agent runs calls without spans`, async () => {
    await using collector = new Collector();
    const printed = await run(collector, "node", { node: service("node").paths[major] });
    assertEquals(printed, "7 8\n");
    assertEquals(
      collector.tree(),
      lines(
        "outer (root)",
        "  call (anonymous) -> box",
        "  call exported -> box",
        "  call exported -> box",
      ),
    );
  }));
}

Deno.test("close() ends though the collector does not answer", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const env = {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
  };
  const tun = new Local("box", { runtime: "deno", env });
  await tun.call(again);
  await soon(tun.close(), "close()");
  listener.close();
});

Deno.test("without traces the agent gets nothing for them", async () => {
  await using tun = new Local("box", { runtime: "deno" });
  // The agent has parts only when it has modules.
  await tun.call(runtime);
  const parts = await tun.call(() => {
    const { record } = (globalThis as unknown as Record<symbol, {
      record(id: string): unknown;
    }>)[Symbol.for("chopsticks.agent")]!;
    return [record("chopsticks:traces"), Deno.env.get("OTEL_DENO")];
  });
  assertEquals(parts, [undefined, undefined]);
});

/**
 * An API of a program's own, which notes the spans and their parents.
 *
 * @returns `sent` tells how often a context was sent on.
 */
function ownApi(context: boolean): { api: object; spans: string[]; sent: () => number } {
  let sent = 0;
  const storage = new AsyncLocalStorage<string>();
  const spans: string[] = [];
  const trace = {
    getTracer: () => ({
      startActiveSpan(name: string, _: object, work: (span: object) => unknown) {
        spans.push(`${storage.getStore()} > ${name}`);
        const span = { setAttribute() {}, setStatus() {}, recordException() {}, end() {} };
        return storage.run(name, () => work(span));
      },
    }),
  };
  const own = {
    active: () => ({ deleteValue: () => undefined, name: storage.getStore() }),
    with: (to: { name: string } | undefined, work: () => unknown) =>
      to === undefined ? storage.exit(work) : storage.run(to.name, work),
  };
  const propagation = {
    inject(_: object, carrier: Record<string, string>) {
      sent++;
      carrier["traceparent"] = storage.getStore()!;
    },
    extract: () => undefined,
  };
  return {
    api: context ? { trace, context: own, propagation } : { trace },
    spans,
    sent: () => sent,
  };
}

for (const context of [true, false]) {
  const how = context ? "" : " and has no contexts";
  Deno.test(`traces can begin and end while a tunnel is open, if a program makes them${how}`, async () => {
    await using tun = new Local("box", { runtime: "deno", stderr: () => {} });
    const { api, spans, sent } = ownApi(context);
    const globals = globalThis as unknown as Record<symbol, unknown>;
    const list = [3, 1, 2];
    const call = (): Promise<number[]> => tun.call(() => list.toSorted());
    assertEquals(await tun.call(Math.max, 1, 2), 2);
    try {
      globals[OTEL] = api;
      const begun = tun.call(exported, 1);
      while (context && sent() === 0) await new Promise((resolve) => setTimeout(resolve));
      delete globals[OTEL];
      // It overtakes the one that goes through the agent's part for traces, unless it does so, too.
      assertEquals(await Promise.all([tun.call(exported, 2), begun]), [2, 1]);
      assertEquals(await tun.call(Math.max, 1, 4), 4);
      globals[OTEL] = api;
      assertEquals(await Promise.all([call(), tun.call(Math.max, 1, 5)]), [[1, 2, 3], 5]);
    } finally {
      delete globals[OTEL];
    }
    assertEquals(
      spans,
      ["exported", "(anonymous)", "max"].map((name) => `undefined > call ${name}`),
    );
  });
}
