import { runOurs } from "./ours.ts";
import { dailyScript, runPoller, watermark, windowToNow } from "./pollers.ts";
import { Site } from "./site.ts";
import { BEGIN_MS, FAULT_SHARE, RUN_MS } from "./traffic.ts";

const COLLECTORS: readonly (readonly [name: string, run: (site: Site, untilMs: number) => Promise<void>])[] = [
  ["the documented script, daily", (site, untilMs) => runPoller(dailyScript, site, untilMs)],
  ["date watermark + 1 ms, every 5 min", (site, untilMs) => runPoller(watermark, site, untilMs)],
  ["window to now along date, every 5 min", (site, untilMs) => runPoller(windowToNow, site, untilMs)],
  ["mdca-kafka-source", runOurs],
];

export interface Row {
  readonly collector: string;
  readonly activities: number;
  /** Different ones that reached the other side. */
  published: number;
  lost: number;
  /** Times that one reached it again. */
  repeated: number;
}

/** Every collector on every seed's site, summed up. */
export async function compared(seeds: readonly number[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [collector, run] of COLLECTORS) {
    const sum = { collector, activities: 0, published: 0, lost: 0, repeated: 0 };
    for (const seed of seeds) {
      const site = new Site(seed);
      await run(site, BEGIN_MS + RUN_MS);
      const different = new Set(site.published);
      sum.activities += site.activities.length;
      sum.published += different.size;
      sum.lost += site.activities.filter(({ id }) => !different.has(id)).length;
      sum.repeated += site.published.length - different.size;
    }
    rows.push(sum);
  }
  return rows;
}

export function tableText(rows: readonly Row[], seeds: number): string {
  const lines = rows.map(
    ({ collector, published, lost, repeated }) => `| ${collector} | ${published} | ${lost} | ${repeated} |`,
  );
  const all = `${rows[0]?.activities ?? 0} activities of ${seeds} tenants in two days`;
  const what = `${all}; one crash for each collector, and ${FAULT_SHARE * 100} % of requests fail.`;
  return [what, "", "| collector | published | lost | repeated |", "|---|---|---|---|", ...lines].join("\n");
}
