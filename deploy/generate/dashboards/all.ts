import { fleet } from "./fleet.ts";
import { built } from "./frame.ts";
import { kafka } from "./kafka.ts";
import { runtime } from "./runtime.ts";
import { scan } from "./scan.ts";

/** The SDK hides links and marks in a menu; they are to be seen. */
const shown = (key: string, value: unknown): unknown =>
  key === "placement" && value === "inControlsMenu" ? undefined : value;

/** Text by file name: a dashboard each, as Grafana imports it. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  const whole = [fleet, scan, kafka, runtime].map(built);
  return new Map(whole.map((dashboard) => [`${dashboard.uid}.json`, `${JSON.stringify(dashboard, shown, 2)}\n`]));
}
