import type { Config, ScanConfig } from "../config/config.ts";
import { agesOf } from "../connector/ages.ts";
import { ageText } from "../kit/age.ts";
import { upkeepOf } from "../scan/upkeep.ts";
import { type Finding, ok, warn } from "./finding.ts";

/**
 * What a tenant's readers need of its budget while they are caught up, at the least: a poll an interval, and one
 * request for each step of each lookback. A busy tenant needs more, a page at a time: each lookback reads everything
 * once more, so there is a ceiling to what can be read at all. `plan` says how much.
 */
export function costFindings(config: Config): Finding[] {
  return config.tenants.flatMap(({ name, requestsPerMinute }) => {
    const needs = config.scans.filter((scan) => scan.tenant === name).map(needOf);
    if (needs.length === 0) return [];
    const total = needs.reduce((sum, { perMinute }) => sum + perMinute, 0);
    const parts = needs.map(({ scan, ages, perMinute }) => {
      const named = ages.length === 0 ? "no lookbacks" : `lookbacks ${ages.map(ageText).join(", ")}`;
      return `${scan.name} ${perMinute.toFixed(1)} (${named})`;
    });
    // Of the scan that reads an activity most often for the least of a page.
    const worst = Math.max(...needs.map(({ scan, ages }) => (1 + ages.length) / scan.pageSize));
    const ceiling = Math.floor((requestsPerMinute - 1) / worst / 60);
    const check = `readers of ${name}`;
    const message = `at least ${total.toFixed(1)} of ${requestsPerMinute} requests a minute: ${parts.join("; ")}`;
    if (total <= requestsPerMinute - 1) return [ok(check, `${message}; at most about ${ceiling} activities a second`)];
    const remedy = "a longer pollInterval, later or fewer lookbacks, or more requestsPerMinute";
    return [warn(check, `${message}. That is more than the budget: lookbacks would fall behind`, remedy)];
  });
}

/** What a scan needs a minute. */
function needOf(scan: ScanConfig): { scan: ScanConfig; ages: readonly number[]; perMinute: number } {
  const ages = agesOf(scan, scan.cursorField === "date" ? "date" : "created");
  const { pageSize, pollIntervalMs } = scan;
  const load = { perSecond: 0, pageSize, pollIntervalMs, agesMs: ages };
  return { scan, ages, perMinute: upkeepOf(load, Number.POSITIVE_INFINITY).perMinute };
}
