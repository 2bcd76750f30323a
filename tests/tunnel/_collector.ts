import { assert } from "@std/assert";

/** A span that the collector got. */
export interface CollectedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty if it has none. */
  readonly parentSpanId: string;
  /** In the words of OpenTelemetry. */
  readonly kind: "internal" | "server" | "client";
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The message of its error, if it ended with one. */
  readonly error: string | undefined;
  /** The attributes of its `exception` events. */
  readonly exceptions: readonly Readonly<Record<string, unknown>>[];
  /** The scope that made it. */
  readonly scope: string;
  /** The service whose process it was, from `OTEL_SERVICE_NAME`. */
  readonly service: unknown;
}

type Json = Record<string, unknown> & { attributes?: readonly Attribute[] };
interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

const KINDS: readonly CollectedSpan["kind"][] = ["internal", "internal", "server", "client"];

/** A collector of OpenTelemetry on loopback, which takes what `OTEL_DENO` exports as JSON. */
export class Collector implements AsyncDisposable {
  readonly spans: CollectedSpan[] = [];
  /** All that came, as text. */
  text = "";
  /** The headers of the requests. */
  readonly headers: Headers[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, async (request) => {
      const body = await request.text();
      this.text += body;
      this.headers.push(request.headers);
      if (request.url.endsWith("/v1/traces")) this.#take(JSON.parse(body));
      return Response.json({});
    });
  }

  /**
   * The variables that have Deno export its traces to here, as soon as may be: `close()` gives an
   * agent a second to export what is left, and on a busy machine it may not get to it.
   */
  get env(): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_BSP_SCHEDULE_DELAY: "20",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
    };
  }

  /** The only span of a name. */
  span(name: string): CollectedSpan {
    const found = this.spans.filter((span) => span.name === name);
    assert(found.length === 1, `${found.length} spans are called ${name}:\n${this.tree()}`);
    return found[0]!;
  }

  /**
   * The traces as lines, indented below their parents and otherwise in the order of the alphabet: a
   * name, `-> address` of a client, and `!` with the type of an error.
   */
  tree(): string {
    const known = new Set(this.spans.map(({ spanId }) => spanId));
    const below = (parent: string | undefined, indent: string): string[] =>
      this.spans
        .filter(({ parentSpanId }) =>
          parent === undefined ? !known.has(parentSpanId) : parentSpanId === parent
        )
        .map((span) => [`${indent}${line(span)}`, ...below(span.spanId, `${indent}  `)].join("\n"))
        .sort();
    return below(undefined, "").join("\n");
  }

  #take({ resourceSpans }: { resourceSpans: readonly Json[] }): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = valuesOf((resource as Json).attributes)["service.name"];
      for (const { scope, spans } of scopeSpans as { scope: Json; spans: Json[] }[]) {
        for (const span of spans) this.spans.push(spanOf(span, `${scope["name"]}`, service));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function line({ name, kind, attributes, error, parentSpanId }: CollectedSpan): string {
  const address = attributes["server.address"];
  return [
    name,
    ...kind === "client" ? [`-> ${address}`] : [],
    ...error === undefined ? [] : [`! ${attributes["error.type"]}`],
    ...parentSpanId === "" ? ["(root)"] : [],
  ].join(" ");
}

function spanOf(span: Json, scope: string, service: unknown): CollectedSpan {
  const { code, message } = (span["status"] ?? {}) as { code?: number; message?: string };
  const events = (span["events"] ?? []) as Json[];
  return {
    name: `${span["name"]}`,
    traceId: `${span["traceId"]}`,
    spanId: `${span["spanId"]}`,
    parentSpanId: `${span["parentSpanId"] ?? ""}`,
    kind: KINDS[span["kind"] as number]!,
    attributes: valuesOf(span.attributes),
    error: code === 2 ? message ?? "" : undefined,
    exceptions: events
      .filter(({ name }) => name === "exception")
      .map(({ attributes }) => valuesOf(attributes)),
    scope,
    service,
  };
}

function valuesOf(attributes: readonly Attribute[] = []): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, Object.values(value)[0]]),
  );
}
