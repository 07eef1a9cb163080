import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A span as it was received, its attributes as plain values. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** 0 unset, 1 OK, 2 ERROR. */
  readonly status: { readonly code: number; readonly message?: string };
  /** Of the process that sent it. */
  readonly resource: Readonly<Record<string, unknown>>;
}

/** An endpoint that takes traces by OTLP/HTTP as JSON, and decodes them. */
export interface OtlpReceiver extends AsyncDisposable {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** Bodies as they came. */
  readonly bodies: readonly string[];
  readonly headers: readonly Readonly<Record<string, unknown>>[];
  /** From now on it answers with this status; where that is an error, it repeats the headers that it was sent. */
  answerWith(status: number): void;
}

interface Value {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: unknown;
}
type Pairs = readonly { readonly key: string; readonly value: Value }[];

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: string[] = [];
  const headers: Record<string, unknown>[] = [];
  let status = 200;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    bodies.push(body);
    headers.push({ ...request.headers });
    const isOurs = request.method === "POST" && request.url === "/v1/traces";
    if (isOurs && status === 200) spans.push(...decode(body));
    const told = status === 200 ? "{}" : JSON.stringify({ message: `you sent ${JSON.stringify(request.headers)}` });
    response.writeHead(isOurs ? status : 404, { "content-type": "application/json" }).end(told);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    headers,
    answerWith(next) {
      status = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** `ExportTraceServiceRequest` in its JSON form. */
function decode(body: string): ReceivedSpan[] {
  const { resourceSpans } = JSON.parse(body);
  // biome-ignore lint/suspicious/noExplicitAny: what a peer sent
  return resourceSpans.flatMap(({ resource, scopeSpans }: any) =>
    // biome-ignore lint/suspicious/noExplicitAny: what a peer sent
    scopeSpans.flatMap(({ spans }: any) =>
      // biome-ignore lint/suspicious/noExplicitAny: what a peer sent
      spans.map((span: any) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId === undefined || span.parentSpanId === "" ? null : span.parentSpanId,
        name: span.name,
        startMs: Number(BigInt(span.startTimeUnixNano) / 1_000n) / 1_000,
        endMs: Number(BigInt(span.endTimeUnixNano) / 1_000n) / 1_000,
        attributes: plain(span.attributes),
        status: span.status,
        resource: plain(resource.attributes),
      })),
    ),
  );
}

function plain(pairs: Pairs): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [
      key,
      value.stringValue ?? value.doubleValue ?? value.boolValue ?? Number(value.intValue),
    ]),
  );
}
