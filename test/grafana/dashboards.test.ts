import { readFileSync } from "node:fs";
import { join } from "node:path";
import { collectDefaultMetrics, Registry } from "prom-client";
import { expect, test } from "vitest";
import { dashboardFiles } from "../../deploy/generate/dashboards/all.ts";
import { openMetrics } from "../../src/observe/metrics.ts";
import { house, LINTER } from "./lint.ts";
import { FOLDER, panelsOf, type Rendered, renderedDashboards } from "./rendered.ts";

const dashboards = renderedDashboards();

/** What a scrape of a process finds, and what Prometheus says of the scrape itself. */
function scrapedNames(): Set<string> {
  const { registry } = openMetrics({ version: "1", configuredAtMs: 0, tenants: [], scans: [], shards: 1 });
  const process = new Registry();
  collectDefaultMetrics({ register: process });
  const names = [...registry.getMetricsAsArray(), ...process.getMetricsAsArray()].map(({ name }) => name);
  return new Set([...names, "up", "scrape_duration_seconds", "scrape_samples_scraped"]);
}

test("the rendered dashboards are what their descriptions give", () => {
  // When these differ: node --import tsx deploy/generate/dashboards.ts
  const files = dashboardFiles();
  expect(dashboards.map(({ uid }) => `${uid}.json`).sort()).toEqual([...files.keys()].sort());
  for (const [name, text] of files) expect(readFileSync(join(FOLDER, name), "utf8"), name).toBe(text);
});

const rules = [...LINTER, ...house(scrapedNames())].map((rule) => [rule.name, rule] as const);

test.each(rules)("%s", (_, { problems, breakIt }) => {
  expect(dashboards.flatMap(problems)).toEqual([]);
  for (const dashboard of dashboards) {
    const broken = structuredClone(dashboard);
    breakIt(broken);
    expect(problems(broken), `${dashboard.title}, broken on purpose`).not.toEqual([]);
  }
});

test("there are four dashboards, and none of them is empty", () => {
  expect(dashboards).toHaveLength(4);
  for (const dashboard of dashboards) expect(panelsOf(dashboard).length).toBeGreaterThan(10);
});

test("thresholds of lag and throttling are those of the alerts", () => {
  const alerts = readFileSync("deploy/prometheus/recording-rules.yaml", "utf8");
  const fleet = dashboards.find(({ uid }) => uid === "mdca-source-fleet") as Rendered;
  const steps = panelsOf(fleet).find(({ title }) => title === "Lag")?.fieldConfig?.defaults.thresholds?.steps;
  expect(alerts).toContain(`mdca_source_lag_seconds:max > bool ${steps?.at(-1)?.value}`);
});
