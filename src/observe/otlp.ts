import { type Attributes, context, DiagLogLevel, diag, type Span, SpanKind, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { hideSecrets } from "../kit/secret.ts";

/** Spans on their way to an OTLP/HTTP endpoint. This module alone loads OpenTelemetry, and only when it is asked for. */
export interface OtlpSpans {
  /** A trace's first span, begun at an instant (epoch ms). */
  begin(name: string, startMs: number, attributes: Attributes): Span;
  /** A span inside another. */
  within(parent: Span, name: string, startMs: number, attributes: Attributes): Span;
  /** Sends what is left. */
  close(): Promise<void>;
}

const DATA_MAX = 200;

/** @param warn told what OpenTelemetry has to complain of, such as an endpoint that does not answer. */
export function openSpans(version: string, warn: (message: string) => void): OtlpSpans {
  const tell = (message: string) => warn(plainly(message));
  const quiet = () => {};
  const logger = { error: tell, warn: tell, info: quiet, debug: quiet, verbose: quiet };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const ours = resourceFromAttributes({ "service.name": "mdca-kafka-source", "service.version": version });
  const given = detectResources({ detectors: [envDetector] });
  const provider = new BasicTracerProvider({
    resource: defaultResource().merge(ours).merge(given),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  const tracer = provider.getTracer("mdca-kafka-source", version);
  const root = context.active();
  return {
    begin: (name, startTime, attributes) =>
      tracer.startSpan(name, { startTime, attributes, kind: SpanKind.CLIENT }, root),
    within: (parent, name, startTime, attributes) =>
      tracer.startSpan(name, { startTime, attributes }, trace.setSpan(root, parent)),
    close: () => provider.shutdown(),
  };
}

/** OpenTelemetry tells errors as JSON, with their stack: what happened, and the peer's code and words, are in it. */
function plainly(told: string): string {
  try {
    const { message, code, data } = JSON.parse(told) as Partial<Record<string, string>>;
    const word = code !== undefined && message?.includes(code) ? undefined : code;
    // Secrets are cut out first: half of one, at the end, would not be known again.
    const words = data === undefined ? undefined : hideSecrets(data).slice(0, DATA_MAX);
    return [message, word, words].filter((part) => part !== undefined && part !== "").join(", ");
  } catch {
    return told;
  }
}
