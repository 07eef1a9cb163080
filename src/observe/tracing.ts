import type { Span } from "@opentelemetry/api";
import type { Clock } from "../kit/clock.ts";
import { remember } from "../kit/secret.ts";
import type { OtlpSpans } from "./otlp.ts";
import { redact } from "./redact.ts";
import type { TracedPage, TracePage } from "./trace.ts";

/** OpenTelemetry's standard environment variables. */
export type TracingEnv = Readonly<Record<string, string | undefined>>;

export interface Tracing extends AsyncDisposable {
  /** Undefined when traces are off: then nothing is timed, and no package of OpenTelemetry is loaded. */
  readonly trace: TracePage | undefined;
}

export interface TracingDeps {
  readonly version: string;
  readonly clock: Clock;
  /** Something is wrong with traces; the connector goes on. */
  readonly warn: (message: string) => void;
}

/** How long the last spans may take on their way when the connector stops. */
const FLUSH_MS = 2_000;
const OFF: Tracing = { trace: undefined, async [Symbol.asyncDispose]() {} };

/**
 * Traces as the environment asks for: to an OTLP/HTTP endpoint, as JSON, when `OTEL_EXPORTER_OTLP_ENDPOINT` or
 * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is set or `OTEL_TRACES_EXPORTER` is `otlp`; else off. Samplers, batches, headers,
 * resource attributes and the service's name are OpenTelemetry's own variables.
 */
export async function openTracing(env: TracingEnv, { version, clock, warn }: TracingDeps): Promise<Tracing> {
  if (!isAskedFor(env, warn)) return OFF;
  rememberHeaders(env);
  const { openSpans } = await import("./otlp.ts");
  const spans = openSpans(version, (message) => warn(redact(`traces: ${message}`)));
  return {
    trace: (page) => {
      try {
        spanOf(page, spans);
      } catch (error) {
        warn(redact(`traces: ${error}`));
      }
    },
    async [Symbol.asyncDispose]() {
      const late = new AbortController();
      const inTime = spans.close().finally(() => late.abort());
      await Promise.race([inTime, clock.sleep(FLUSH_MS, late.signal)]).catch(() => {});
    },
  };
}

/** `name=value` pairs, percent-encoded: as a rule the key of whoever takes the traces. */
function rememberHeaders(env: TracingEnv): void {
  for (const name of ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"]) {
    for (const pair of env[name]?.split(",") ?? []) {
      const value = pair.slice(pair.indexOf("=") + 1).trim();
      for (const form of [value, value.replaceAll("%20", " "), value.split("%20").at(-1) ?? ""]) remember({}, form);
    }
  }
}

function isAskedFor(env: TracingEnv, warn: (message: string) => void): boolean {
  const value = (name: string) => env[name]?.trim() ?? "";
  if (value("OTEL_SDK_DISABLED").toLowerCase() === "true") return false;
  const endpoint = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") || value("OTEL_EXPORTER_OTLP_ENDPOINT");
  const exporter = value("OTEL_TRACES_EXPORTER") || (endpoint === "" ? "none" : "otlp");
  if (exporter === "none") return false;
  if (exporter !== "otlp") {
    warn(`traces are off: OTEL_TRACES_EXPORTER is ${exporter}; otlp and none are known here`);
    return false;
  }
  const protocol = value("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") || value("OTEL_EXPORTER_OTLP_PROTOCOL") || "http/json";
  if (protocol === "grpc") {
    warn("traces are off: OTEL_EXPORTER_OTLP_PROTOCOL is grpc; only HTTP is known here, as a rule at port 4318");
    return false;
  }
  return true;
}

function spanOf(page: TracedPage, { begin, within }: OtlpSpans): void {
  const { tenant, scan, reader } = page;
  const span = begin("page", page.startMs, {
    "mdca.tenant": tenant,
    "mdca.scan": scan,
    "mdca.reader": reader,
    "mdca.page": page.page,
    "mdca.limit": page.limit,
    "mdca.activities.read": page.read,
    "mdca.activities.published": page.published,
    "mdca.activities.dead_lettered": page.deadLettered,
    "http.response.body.size": page.bodyBytes,
    ...(page.verdict === null ? {} : { "mdca.verdict": page.verdict }),
    ...(page.status === null ? {} : { "http.response.status_code": page.status }),
  });
  for (const { name, startMs, endMs, busyMs } of page.steps) {
    within(span, name, startMs, busyMs === null ? {} : { "mdca.busy_ms": busyMs }).end(endMs);
  }
  closed(span, page);
}

function closed(span: Span, { endMs, failure }: TracedPage): void {
  // Of OpenTelemetry's codes: 1 is OK, 2 ERROR. They are not imported, since that would load it.
  span.setStatus(failure === null ? { code: 1 } : { code: 2, message: redact(failure) });
  span.end(endMs);
}
