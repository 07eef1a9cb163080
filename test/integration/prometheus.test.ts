import { expect, test } from "vitest";
import { openHttp } from "../../src/observe/http.ts";
import { eventually } from "../real/process.ts";
import { promtool, scrapeConfig, startPrometheus } from "../real/prometheus.ts";

test("a real Prometheus scrapes what it is told to, answers queries, and says what is wrong with one", async () => {
  await using http = await openHttp(
    { host: "127.0.0.1", port: 0 },
    {
      metrics: async () => ({ contentType: "text/plain; version=0.0.4", text: 'a_total{of="b"} 42\n' }),
      status: () => ({}),
      history: () => undefined,
      page: new Map(),
      ready: () => ({ ready: true, reason: "ready" }),
    },
  );
  await using prometheus = await startPrometheus({ config: scrapeConfig({ targets: [new URL(http.url).host] }) });
  const found = await eventually(async () => (await prometheus.query("a_total"))[0], 20_000, "the first scrape");
  expect(found.labels).toMatchObject({ of: "b", job: "mdca-kafka-source" });
  expect(found.points[0]?.[1]).toBe(42);
  expect((await prometheus.query("1 / 0"))[0]?.points[0]?.[1]).toBe(Number.POSITIVE_INFINITY);
  expect(await prometheus.alerts()).toEqual([]);
  await expect(prometheus.query("sum(")).rejects.toThrow(/refused query .*unclosed left parenthesis/);
  expect(await promtool(["--version"])).toContain("promtool, version");
});
