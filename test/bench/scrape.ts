/** What a scrape costs with many scans: the event loop stands still for so long. Built code. */
import { dist } from "./built-scan.ts";

export interface ScrapeCost {
  readonly scans: number;
  readonly tenants: number;
  readonly series: number;
  /** CPU time, median of the repeats after a warm-up. */
  readonly cpuMs: number;
}

const REPEATS = 40;
const WARM_UP = 10;
/** Between two scrapes each scan says where it stands, as it does at each poll. */
const POSITION = {
  positionMs: 1,
  caughtUpMs: 1,
  settledUntilMs: 1,
  openGaps: 0,
  openMismatches: 0,
  mismatches: [],
} as const;

export async function scrapeCost(scans: number, tenants: number): Promise<ScrapeCost> {
  const { openMetrics } = await dist<typeof import("../../src/observe/metrics.ts")>("observe/metrics");
  const { openExposition } = await dist<typeof import("../../src/observe/exposition.ts")>("observe/exposition");
  const tenantOf = (at: number) => `tenant-${at % tenants}`;
  const configured = Array.from({ length: scans }, (_, at) => ({
    tenant: tenantOf(at),
    name: `${tenantOf(at)}-scan-${at}`,
    lookbacksMs: [120_000, 86_400_000],
  }));
  const { registry, record } = openMetrics({
    version: "bench",
    configuredAtMs: 0,
    tenants: Array.from({ length: tenants }, (_, at) => ({ name: tenantOf(at), requestsPerMinute: 20 })),
    scans: configured,
    shards: 12,
  });
  const write = openExposition(registry);
  const lists = { jobs: [], lateness: [], slices: [], gaps: [] };
  const moved = { type: "cursor_moved", ...POSITION, ...lists, residualRisk: null } as const;
  const costs: number[] = [];
  let text = "";
  for (let repeat = 0; repeat < WARM_UP + REPEATS; repeat++) {
    for (const { tenant, name } of configured) record({ ...moved, tenant, scan: name });
    const before = process.cpuUsage();
    text = await write();
    const { user, system } = process.cpuUsage(before);
    if (repeat >= WARM_UP) costs.push((user + system) / 1_000);
  }
  const series = text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
  return { scans, tenants, series, cpuMs: costs.sort((a, b) => a - b)[REPEATS / 2] ?? Number.NaN };
}

export function scrapeLine({ scans, tenants, series, cpuMs }: ScrapeCost): string {
  return `a scrape of ${scans} scans of ${tenants} tenants, ${series.toLocaleString("en")} series: ${cpuMs.toFixed(1)} ms CPU`;
}
