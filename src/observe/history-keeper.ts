import { isoOf } from "../kit/iso.ts";
import type { Event } from "./events.ts";
import { largestOf, MINUTE_STEPS, RecentSteps, STEP_MS, STEPS, stepOf, sumOf } from "./recent-steps.ts";
import type { History, ScanDay } from "./status.ts";

/** Tenants and scans, as far as they have a past. */
export interface Followed {
  readonly tenants: readonly { readonly name: string }[];
  readonly scans: readonly { readonly tenant: string; readonly name: string }[];
}

export interface HistoryOptions extends Followed {
  readonly startedAtMs: number;
}

/** The last hour of every scan and tenant, and the last day of every scan's cursor field. */
export interface HistoryKeeper {
  record(event: Event, nowMs: number): void;
  /** From now on these are followed, those that were there before with their past. */
  configure(followed: Followed): void;
  /** Null: all scans together. Undefined: there is no such scan. */
  history(scan: string | null, nowMs: number): History | undefined;
  publishedLastMinute(scan: string, nowMs: number): number;
}

/** What has come in the present step, and what was so at its end. */
interface ScanPast {
  readonly tenant: string;
  publishedNow: number;
  caughtUpMs: number | null;
  day: Day;
  readonly published: RecentSteps;
  readonly lagSeconds: RecentSteps;
}

type Day = Pick<Extract<Event, { readonly type: "cursor_moved" }>, "slices" | "gaps">;

interface TenantPast {
  requestsNow: number;
  throttledNow: number;
  /** Null: it is not asked here. */
  limitPerMinute: number | null;
  readonly requests: RecentSteps;
  readonly throttled: RecentSteps;
  readonly limit: RecentSteps;
}

const UNKNOWN: Day = { slices: [], gaps: [] };

interface Past {
  /** The step that is not over yet. */
  step: number;
  scans: ReadonlyMap<string, ScanPast>;
  tenants: ReadonlyMap<string, TenantPast>;
  /** Of each shard that was ever ours. */
  readonly tenantsOf: Map<number, readonly string[]>;
}

/** Folds events into steps. Its size follows the configuration alone: about 3 KB a scan, 4 KB a tenant, and the day. */
export function openHistory({ startedAtMs, tenants, scans }: HistoryOptions): HistoryKeeper {
  const past: Past = {
    step: stepOf(startedAtMs),
    scans: new Map(),
    tenants: new Map(),
    tenantsOf: new Map(),
  };
  configure(past, { tenants, scans });
  return {
    record(event, nowMs) {
      endSteps(past, nowMs);
      record(past, event);
    },
    configure: (followed) => configure(past, followed),
    history(scan, nowMs) {
      endSteps(past, nowMs);
      if (scan === null) return show(past, [...past.scans.values()], [...past.tenants.values()], null);
      const known = past.scans.get(scan);
      if (known === undefined) return undefined;
      const tenant = past.tenants.get(known.tenant);
      return show(past, [known], tenant === undefined ? [] : [tenant], showDay(known.tenant, scan, known.day));
    },
    publishedLastMinute(scan, nowMs) {
      endSteps(past, nowMs);
      return past.scans.get(scan)?.published.sumBefore(past.step, MINUTE_STEPS) ?? 0;
    },
  };
}

function configure(past: Past, { tenants, scans }: Followed): void {
  const known = (scan: string, tenant: string) => {
    const before = past.scans.get(scan);
    return before?.tenant === tenant ? before : newScan(tenant);
  };
  past.scans = new Map(scans.map(({ tenant, name }) => [name, known(name, tenant)]));
  past.tenants = new Map(tenants.map(({ name }) => [name, past.tenants.get(name) ?? newTenant()]));
}

function newScan(tenant: string): ScanPast {
  const series = { published: new RecentSteps(), lagSeconds: new RecentSteps() };
  return { tenant, publishedNow: 0, caughtUpMs: null, day: UNKNOWN, ...series };
}

function newTenant(): TenantPast {
  const series = { requests: new RecentSteps(), throttled: new RecentSteps(), limit: new RecentSteps() };
  return { requestsNow: 0, throttledNow: 0, limitPerMinute: null, ...series };
}

/** Ends every step that is over by `nowMs`. A clock that was put back ends none until it has caught up again. */
function endSteps(past: Past, nowMs: number): void {
  const present = stepOf(nowMs);
  if (present > past.step) endStep(past, past.step);
  // Of a process that slept for hours only the last one is kept.
  for (let step = Math.max(past.step + 1, present - STEPS); step < present; step++) endStep(past, step);
  past.step = Math.max(past.step, present);
}

function endStep({ scans, tenants }: Past, step: number): void {
  for (const scan of scans.values()) endScanStep(scan, step);
  for (const tenant of tenants.values()) endTenantStep(tenant, step);
}

function endScanStep(scan: ScanPast, step: number): void {
  const endMs = (step + 1) * STEP_MS;
  scan.published.put(step, scan.publishedNow);
  scan.lagSeconds.put(step, scan.caughtUpMs === null ? null : Math.max(0, endMs - scan.caughtUpMs) / 1_000);
  scan.publishedNow = 0;
}

function endTenantStep(tenant: TenantPast, step: number): void {
  tenant.requests.put(step, tenant.requestsNow);
  tenant.throttled.put(step, tenant.throttledNow);
  tenant.limit.put(step, tenant.limitPerMinute);
  tenant.requestsNow = 0;
  tenant.throttledNow = 0;
}

function record({ scans, tenants, tenantsOf }: Past, event: Event): void {
  if (event.type === "shard_opened") tenantsOf.set(event.shard, event.tenants);
  if (event.type === "shard_released") leaveTenants({ scans, tenants }, tenantsOf.get(event.shard) ?? []);
  if (!("tenant" in event)) return;
  const tenant = tenants.get(event.tenant);
  if (tenant !== undefined) recordTenant(tenant, event);
  const scan = "scan" in event ? scans.get(event.scan) : undefined;
  if (scan !== undefined) recordScan(scan, event);
}

/** Where the scans of a shard that was given up stand, its next owner knows. */
function leaveTenants({ scans, tenants }: Pick<Past, "scans" | "tenants">, left: readonly string[]): void {
  for (const name of left) Object.assign(tenants.get(name) ?? {}, { limitPerMinute: null });
  for (const scan of scans.values()) {
    if (left.includes(scan.tenant)) Object.assign(scan, { caughtUpMs: null, day: UNKNOWN });
  }
}

function recordTenant(tenant: TenantPast, event: Event): void {
  if (event.type === "budget") tenant.limitPerMinute = event.limitPerMinute;
  if (event.type !== "request_answered") return;
  tenant.requestsNow += 1;
  if (event.verdict === "throttled") tenant.throttledNow += 1;
}

function recordScan(scan: ScanPast, event: Event): void {
  if (event.type === "page_published") scan.publishedNow += event.published;
  if (event.type !== "cursor_moved") return;
  scan.caughtUpMs = event.caughtUpMs;
  scan.day = event;
}

function showDay(tenant: string, scan: string, { slices, gaps }: Day): ScanDay {
  return {
    tenant,
    scan,
    slices: slices.map(({ fromMs, ...slice }) => ({ from: isoOf(fromMs), ...slice })),
    gaps: gaps.map(({ fromMs, untilMs, reason }) => ({ from: isoOf(fromMs), until: isoOf(untilMs), reason })),
  };
}

function show(past: Past, scans: readonly ScanPast[], tenants: readonly TenantPast[], scan: ScanDay | null): History {
  const { step } = past;
  return {
    stepSeconds: STEP_MS / 1_000,
    until: isoOf(step * STEP_MS),
    published: sumOf(
      scans.map(({ published }) => published),
      step,
    ),
    lagSeconds: largestOf(
      scans.map(({ lagSeconds }) => lagSeconds),
      step,
    ),
    requests: sumOf(
      tenants.map(({ requests }) => requests),
      step,
    ),
    throttled: sumOf(
      tenants.map(({ throttled }) => throttled),
      step,
    ),
    limitPerMinute: sumOf(
      tenants.map(({ limit }) => limit),
      step,
    ),
    scan,
  };
}
