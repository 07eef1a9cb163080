import type { Config } from "../config/config.ts";
import { agesOf } from "../connector/ages.ts";
import { ageText } from "../kit/age.ts";
import { stepMs } from "../scan/lookback.ts";
import { type Finding, ok, warn } from "./finding.ts";

const MINUTE_MS = 60_000;

/**
 * What a tenant's readers need of its budget while they are caught up, at the least: a poll an interval, and one
 * request for each step of each lookback. A busy tenant needs more, a page at a time.
 */
export function costFindings(config: Config): Finding[] {
  return config.tenants.flatMap(({ name, requestsPerMinute }) => {
    const scans = config.scans.filter((scan) => scan.tenant === name);
    if (scans.length === 0) return [];
    const parts = scans.map((scan) => {
      const ages = agesOf(scan, scan.cursorField === "date" ? "date" : "created");
      const lookbacks = ages.map((ageMs) => MINUTE_MS / stepMs(ageMs));
      return {
        scan,
        ages,
        perMinute: MINUTE_MS / scan.pollIntervalMs + lookbacks.reduce((sum, each) => sum + each, 0),
      };
    });
    const total = parts.reduce((sum, { perMinute }) => sum + perMinute, 0);
    const text = parts.map(({ scan, ages, perMinute }) => {
      const named = ages.length === 0 ? "no lookbacks" : `lookbacks ${ages.map(ageText).join(", ")}`;
      return `${scan.name} ${perMinute.toFixed(1)} (${named})`;
    });
    const message = `at least ${total.toFixed(1)} of ${requestsPerMinute} requests a minute: ${text.join("; ")}`;
    if (total <= requestsPerMinute - 1) return [ok(`readers of ${name}`, message)];
    return [
      warn(`readers of ${name}`, `${message}. That is more than the budget: longer intervals, or fewer lookbacks`),
    ];
  });
}
