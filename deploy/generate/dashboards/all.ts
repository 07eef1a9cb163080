import { fleet } from "./fleet.ts";
import { built } from "./frame.ts";
import { kafka } from "./kafka.ts";
import { runtime } from "./runtime.ts";
import { scan } from "./scan.ts";

/** Text by file name: a dashboard each, as Grafana imports it. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  const whole = [fleet, scan, kafka, runtime].map(built);
  return new Map(whole.map((dashboard) => [`${dashboard.uid}.json`, `${JSON.stringify(dashboard, null, 2)}\n`]));
}
