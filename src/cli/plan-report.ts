import { ageText } from "../kit/age.ts";
import { counted } from "./command-plan.ts";
import { iso } from "./instant.ts";
import type { Rate, ScanEstimate, TenantEstimate } from "./plan-estimate.ts";
import { table } from "./table.ts";

/** For people: what each reader needs, and what is left for the rest. */
export function planReport(tenants: readonly TenantEstimate[], nowMs: number): string[] {
  const rows = tenants.flatMap(({ tenant, scans }) => scans.flatMap((scan) => readerRows(tenant, scan)));
  const head = ["TENANT", "SCAN", "READER", "REQUESTS A MINUTE"];
  return [...table([head, ...rows]), ...tenants.flatMap((each) => ["", ...tenantLines(each, nowMs)])];
}

function readerRows(tenant: string, { scan, upkeep }: ScanEstimate): string[][] {
  const lookbacks = upkeep.lookbacks.map(({ ageMs, perMinute }) => {
    return [tenant, scan, `lookback ${ageText(ageMs)}`, perMinute.toFixed(1)];
  });
  return [[tenant, scan, "tail", upkeep.tail.toFixed(1)], ...lookbacks];
}

function tenantLines(estimate: TenantEstimate, nowMs: number): string[] {
  const { tenant, requestsPerMinute, pace, needs, free, scans } = estimate;
  const budget = `${pace} a minute (one less than its budget of ${requestsPerMinute})`;
  const verdict =
    free > 0
      ? `${free.toFixed(1)} are left for the rest`
      : "that is more than there is: fewer lookbacks, longer intervals, larger pages, or a higher budget";
  return [
    `tenant ${tenant}: its readers need ${needs.toFixed(1)} of ${budget}; ${verdict}`,
    ...scans.flatMap(scanLines),
    ...workLines(estimate, nowMs),
  ];
}

function scanLines({ scan, rate, keepsUpTo, pageSize, backfill, behindRequests, jobRequests }: ScanEstimate): string[] {
  const lines = [
    `  scan ${scan}: ${rateText(rate)}; at ${pageSize} a page it keeps up until about ${keepsUpTo.toFixed(0)} a second`,
  ];
  if (behindRequests > 0) lines.push(`  scan ${scan}: behind by about ${counted(behindRequests, "request")}`);
  if (jobRequests > 0) lines.push(`  scan ${scan}: its jobs have about ${counted(jobRequests, "request")} left`);
  if (backfill !== null) {
    const { days, activities, requests } = backfill;
    const cost = `about ${counted(activities, "activity", "activities")} in ${counted(requests, "request")}`;
    lines.push(`  scan ${scan}: a backfill of ${counted(days, "day")}: ${cost}`);
  }
  return lines;
}

function rateText({ perSecond, from, hours }: Rate): string {
  const rate = `${perSecond.toFixed(2)} activities a second`;
  if (from === "given") return `${rate}, as given`;
  if (from === "ledger") return `${rate}, the mean of the last ${counted(Math.round(hours), "hour")} by the ledger`;
  return "nothing is known of its activities yet: give --activities-per-second";
}

function workLines({ work, minutes }: TenantEstimate, nowMs: number): string[] {
  if (work === 0) return [];
  const all = `  all of it, ${counted(work, "request")},`;
  if (minutes === null) return [`${all} will never be done: nothing is left for it`];
  return [`${all} takes about ${minutes.toFixed(0)} minutes: caught up at ${iso(nowMs + minutes * 60_000)}`];
}
