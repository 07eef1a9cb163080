// Writes deploy/grafana/*.json from the dashboards that are described in deploy/generate/dashboards.
import { writeFileSync } from "node:fs";
import { dashboardFiles } from "./dashboards/all.ts";

for (const [name, text] of dashboardFiles()) writeFileSync(new URL(`../grafana/${name}`, import.meta.url), text);
