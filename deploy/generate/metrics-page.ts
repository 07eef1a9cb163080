// Writes deploy/prometheus/METRICS.md from the metrics that the connector defines.
import { writeFileSync } from "node:fs";
import { metricsPage } from "./metrics-table.ts";

writeFileSync(new URL("../prometheus/METRICS.md", import.meta.url), metricsPage());
