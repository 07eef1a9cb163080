import { type CostBasis, costOf, type Range } from "../scan/cost.ts";
import { ceilingPerSecond, jobRequests, type Load, type Upkeep, upkeepOf } from "../scan/upkeep.ts";

/** How many activities come, and how that is known. */
export interface Rate {
  readonly perSecond: number;
  /** `ledger`: the mean of what was published in so many hours; `unknown`: nothing was yet, taken for 0. */
  readonly from: "given" | "ledger" | "unknown";
  readonly hours: number;
}

/** A scan as it is to be estimated. */
export interface ScanBasis {
  readonly scan: string;
  readonly rate: Rate;
  readonly load: Omit<Load, "perSecond">;
  readonly ledgers: CostBasis["ledgers"];
  /** How far its tail is behind; 0: not at all, or not known. */
  readonly behindMs: number;
  /** What its range jobs have still to ask. */
  readonly jobRequests: number;
  /** To be read beside all else; null: nothing. */
  readonly backfill: Range | null;
}

export interface ScanEstimate extends Pick<ScanBasis, "scan" | "rate"> {
  readonly pageSize: number;
  readonly upkeep: Upkeep;
  /** The most activities a second with which its readers keep up, while the tenant's other scans stay as they are. */
  readonly keepsUpTo: number;
  readonly behindRequests: number;
  readonly jobRequests: number;
  readonly backfill: { readonly days: number; readonly activities: number; readonly requests: number } | null;
}

/** What a tenant's readers need of its budget, and what is left for the rest. Requests a minute. */
export interface TenantEstimate {
  readonly tenant: string;
  readonly requestsPerMinute: number;
  /** At which requests go out: one less than the budget. */
  readonly pace: number;
  readonly needs: number;
  /** Negative: the readers need more than there is. */
  readonly free: number;
  readonly scans: readonly ScanEstimate[];
  /** All that is behind, left of jobs, and to be backfilled. */
  readonly work: number;
  /** Until that is done; null: never, as nothing is left for it. */
  readonly minutes: number | null;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const RATE_HOURS = 24;

export function estimateTenant(
  { tenant, requestsPerMinute }: { readonly tenant: string; readonly requestsPerMinute: number },
  bases: readonly ScanBasis[],
): TenantEstimate {
  const pace = Math.max(1, requestsPerMinute - 1);
  const kept = bases.map((basis) => {
    const { rate, load } = basis;
    return { basis, upkeep: upkeepOf({ ...load, perSecond: rate.perSecond }, pace) };
  });
  const needs = kept.reduce((sum, { upkeep }) => sum + upkeep.perMinute, 0);
  const scans = kept.map(({ basis, upkeep }) => {
    return estimateScan(basis, upkeep, Math.max(0, pace - (needs - upkeep.perMinute)));
  });
  const work = scans.reduce((sum, each) => {
    return sum + each.behindRequests + each.jobRequests + (each.backfill?.requests ?? 0);
  }, 0);
  const free = pace - needs;
  const minutes = work === 0 ? 0 : free > 0 ? work / free : null;
  return { tenant, requestsPerMinute, pace, needs, free, scans, work, minutes };
}

function estimateScan(basis: ScanBasis, upkeep: Upkeep, share: number): ScanEstimate {
  const { scan, rate, load, behindMs, backfill, ledgers } = basis;
  const { pageSize } = load;
  return {
    scan,
    rate,
    pageSize,
    upkeep,
    keepsUpTo: ceilingPerSecond(load, share),
    behindRequests: behindMs === 0 ? 0 : jobRequests({ perSecond: rate.perSecond, pageSize }, behindMs),
    jobRequests: basis.jobRequests,
    backfill: backfill === null ? null : estimateBackfill(backfill, { rate, pageSize, ledgers }),
  };
}

/** By what is known of each of its hours, if anything is, else at the rate. */
function estimateBackfill(
  { fromMs, untilMs }: Range,
  { rate, pageSize, ledgers }: { rate: Rate; pageSize: number; ledgers: CostBasis["ledgers"] },
): ScanEstimate["backfill"] {
  const lengthMs = untilMs - fromMs;
  const known =
    rate.from === "ledger" ? costOf({ fromMs, untilMs }, { ledgers, pageSize, requestsPerMinute: 1 }) : null;
  const activities = known === null ? Math.round((rate.perSecond * lengthMs) / 1_000) : known.activities;
  const perSecond = (activities * 1_000) / lengthMs;
  return { days: lengthMs / DAY_MS, activities, requests: jobRequests({ perSecond, pageSize }, lengthMs) };
}

/** The mean of the last day, or of as much of it as there are ledgers for. */
export function rateOf(
  ledgers: CostBasis["ledgers"],
  { beganMs, positionMs }: { readonly beganMs: number | null; readonly positionMs: number | null },
): Rate {
  const unknown = { perSecond: 0, from: "unknown", hours: 0 } as const;
  if (positionMs === null) return unknown;
  const recent = ledgers.filter(({ sliceMs }) => sliceMs < positionMs && sliceMs >= positionMs - RATE_HOURS * HOUR_MS);
  if (recent.length === 0) return unknown;
  const firstMs = Math.min(...recent.map(({ sliceMs }) => sliceMs));
  // The hour in which the scan began was read from there on.
  const fromMs = beganMs !== null && beganMs < firstMs + HOUR_MS ? Math.max(firstMs, beganMs) : firstMs;
  const counted = recent.reduce((sum, { published, deadLettered }) => sum + published + deadLettered, 0);
  const lengthMs = positionMs - fromMs;
  if (counted === 0 || lengthMs <= 0) return unknown;
  return { perSecond: (counted * 1_000) / lengthMs, from: "ledger", hours: lengthMs / HOUR_MS };
}
