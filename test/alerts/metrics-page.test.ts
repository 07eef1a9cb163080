import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { metricsPage } from "../../deploy/generate/metrics-table.ts";

test("the page of metrics is what the connector defines", () => {
  // When this differs: node --import tsx deploy/generate/metrics-page.ts
  expect(readFileSync("deploy/prometheus/METRICS.md", "utf8")).toBe(metricsPage());
});
