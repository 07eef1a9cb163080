import { expect, test } from "vitest";
import { systemClock } from "../../../src/kit/clock.ts";
import { openTracing, type TracingEnv } from "../../../src/observe/tracing.ts";

async function opened(env: TracingEnv) {
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  await using tracing = await openTracing(env, { version: "1.2.3", clock: systemClock, warn });
  return { on: tracing.trace !== undefined, warnings };
}

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" };

test.each<[string, TracingEnv, boolean]>([
  ["nothing is set", {}, false],
  ["an endpoint is set", ENDPOINT, true],
  ["an endpoint for traces is set", { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:9/v1/traces" }, true],
  ["the exporter is asked for", { OTEL_TRACES_EXPORTER: "otlp" }, true],
  ["the exporter is none", { ...ENDPOINT, OTEL_TRACES_EXPORTER: "none" }, false],
  ["the whole SDK is disabled", { ...ENDPOINT, OTEL_SDK_DISABLED: "TRUE" }, false],
  ["the protocol is HTTP's", { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" }, true],
])("when %s, traces are as the environment says", async (_, env, on) => {
  expect(await opened(env)).toEqual({ on, warnings: [] });
});

test.each<[TracingEnv, string]>([
  [{ OTEL_TRACES_EXPORTER: "zipkin" }, "OTEL_TRACES_EXPORTER is zipkin"],
  [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, "OTEL_EXPORTER_OTLP_PROTOCOL is grpc"],
])("what cannot be done leaves traces off, and says so", async (env, says) => {
  expect(await opened(env)).toEqual({ on: false, warnings: [expect.stringContaining(says)] });
});
