import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { ensureBuilt } from "../real/built.ts";
import { say } from "../real/checkers.ts";
import { type ReceivedSpan, startOtlpReceiver } from "../real/otlp-receiver.ts";
import { eventually, root, startConnector } from "../real/process.ts";
import { configure, startSurroundings } from "./cli-setup.ts";

beforeAll(ensureBuilt);

const childrenOf = (spans: readonly ReceivedSpan[], parent: ReceivedSpan) =>
  spans.filter((span) => span.parentSpanId === parent.spanId);

test("each page of a running connector is a trace of its steps, at the endpoint that the environment names", async () => {
  await using surroundings = await startSurroundings();
  await using receiver = await startOtlpReceiver();
  const { config, dir } = configure(
    surroundings,
    (yaml) => `${yaml}\nscans: { all: { tenant: contoso, pollInterval: 1s } }\n`,
  );
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=security,authorization=Key%20of-the-collector",
    OTEL_SERVICE_NAME: "mdca-of-a-test",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
    OTEL_BSP_SCHEDULE_DELAY: "100",
  };
  const connector = startConnector(["run", "--config", config], { name: "traces", built: true, env });
  onTestFinished(async () => void (await connector.stop()));
  const pages = () => receiver.spans.filter((span) => span.name === "page");
  const published = () => pages().reduce((sum, page) => sum + Number(page.attributes["mdca.activities.published"]), 0);
  await eventually(() => published() === 500, 60_000, "all 500 activities to be in traces");

  const page = pages().find((span) => Number(span.attributes["mdca.activities.published"]) > 0)!;
  expect(page).toMatchObject({
    parentSpanId: null,
    status: { code: 1 },
    attributes: {
      "mdca.tenant": "contoso",
      "mdca.scan": "all",
      "mdca.reader": expect.stringMatching(/^(tail|backfill)$/),
      "mdca.page": 1,
      "mdca.verdict": "page",
      "http.response.status_code": 200,
    },
    resource: {
      "service.name": "mdca-of-a-test",
      "deployment.environment.name": "test",
      "service.version": expect.stringMatching(/^\d/),
    },
  });
  const steps = childrenOf(receiver.spans, page);
  expect(steps.map((step) => step.name)).toEqual(["fetch", "cut", "encode", "transaction"]);
  for (const step of steps) {
    expect(step.traceId).toBe(page.traceId);
    expect(step.endMs).toBeGreaterThanOrEqual(step.startMs);
    expect(step.startMs).toBeGreaterThanOrEqual(page.startMs - 1);
    expect(step.endMs).toBeLessThanOrEqual(page.endMs + 1);
  }
  expect(steps[3]!.startMs).toBeGreaterThanOrEqual(steps[1]!.endMs - 1);
  expect(receiver.headers[0]).toMatchObject({
    "x-tenant": "security",
    authorization: "Key of-the-collector",
    "content-type": "application/json",
  });

  writeFileSync(join(dir, "token"), "a-token-that-was-revoked");
  const refused = await eventually(() => pages().find((span) => span.status.code === 2), 30_000, "a page that failed");
  expect(refused.attributes).toMatchObject({ "mdca.verdict": "unauthorized", "http.response.status_code": 401 });
  expect(refused.status.message).toContain("401");
  expect(childrenOf(receiver.spans, refused).map((step) => step.name)).not.toContain("transaction");

  receiver.answerWith(400);
  await connector.waitFor(/"event":"warning","msg":"traces: Bad Request, 400, .*you sent/, 30_000);
  expect((await connector.stop()).code).toBe(143);
  expect(connector.log()).not.toContain("of-the-collector");
  const sent = receiver.bodies.join("\n");
  expect(sent).not.toContain("mock-token");
  expect(sent).not.toContain("a-token-that-was-revoked");
});

// Its small API is loaded in any case, by prom-client.
test("without those variables OpenTelemetry is not loaded", async () => {
  const script = `
    import { createRequire } from "node:module";
    const { openTracing } = await import("./dist/observe/tracing.js");
    const { systemClock } = await import("./dist/kit/clock.js");
    const tracing = await openTracing(process.env, { version: "1", clock: systemClock, warn: console.error });
    await import("./dist/cli/run.js");
    const paths = Object.keys(createRequire(import.meta.url).cache);
    const loaded = paths.filter((path) => /@opentelemetry.(sdk|exporter|resources)/.test(path));
    console.log(JSON.stringify({ on: tracing.trace !== undefined, loaded: loaded.length > 0 }));
    await tracing[Symbol.asyncDispose]();`;
  const run = async (env: Record<string, string>) => {
    const said = await say(process.execPath, ["--input-type=module", "--eval", script], { cwd: root, env });
    expect(said).toMatchObject({ code: 0, err: "" });
    return JSON.parse(said.out);
  };
  expect(await run({})).toEqual({ on: false, loaded: false });
  expect(await run({ OTEL_TRACES_EXPORTER: "none", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" })).toEqual({
    on: false,
    loaded: false,
  });
  expect(await run({ OTEL_TRACES_EXPORTER: "otlp" })).toEqual({ on: true, loaded: true });
});
