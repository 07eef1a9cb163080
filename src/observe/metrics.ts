import { Registry } from "prom-client";
import { ageText } from "../kit/age.ts";
import type { Event } from "./events.ts";
import {
  type Configured,
  defineSeries,
  initialise,
  initialiseAge,
  initialiseNew,
  isInState,
  type MetricsOptions,
  removeSeries,
  type Series,
  seenByAsking,
  whereItStands,
} from "./series.ts";

export interface Metrics {
  readonly registry: Registry;
  record(event: Event): void;
  /** From now on these tenants and scans are there, and no others. */
  configure(configured: Configured): Promise<void>;
}

/** Field names come from the schema; a bound all the same, since a label value costs memory for ever. */
const FIELDS_MAX = 500;

/** Every series of the configured tenants, scans and shards is there from the start, at 0. */
export function openMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  const series = defineSeries(registry);
  initialise(series, options);
  const fields = new Set<string>();
  const scene: Scene = {
    series,
    known: knownOf(options),
    tenantsOf: new Map(),
    boundedField(field) {
      if (fields.size < FIELDS_MAX) fields.add(field);
      return fields.has(field) ? field : "other";
    },
  };
  return {
    registry,
    record: (event) => {
      if (isConfigured(scene.known, event)) record(scene, event);
    },
    async configure(configured) {
      const before = scene.known.configured;
      scene.known = knownOf(configured);
      await removeSeries(registry, (labels) => isGone(scene.known, labels));
      initialiseNew(series, configured, before);
    },
  };
}

interface Scene {
  readonly series: Series;
  known: Known;
  /** Of each shard that was opened. */
  readonly tenantsOf: Map<number, readonly string[]>;
  boundedField(field: string): string;
}

/** What is configured, to be looked up at each event: with hundreds of tenants lists are too slow for that. */
interface Known {
  readonly configured: Configured;
  readonly tenants: ReadonlySet<string>;
  /** By name, which no two scans share. */
  readonly scans: ReadonlyMap<string, Configured["scans"][number]>;
}

function knownOf(configured: Configured): Known {
  const tenants = new Set(configured.tenants.map(({ name }) => name));
  return { configured, tenants, scans: new Map(configured.scans.map((scan) => [scan.name, scan])) };
}

/** Whether an event is of what is configured; one of the last of a removed tenant must not bring its series back. */
function isConfigured({ tenants, scans }: Known, event: Event): boolean {
  if (!("tenant" in event)) return true;
  if (!tenants.has(event.tenant)) return false;
  return !("scan" in event) || scans.get(event.scan)?.tenant === event.tenant;
}

/** Whether labels name a tenant, a scan, or a lookback's age, that is not configured any more. */
function isGone({ tenants, scans }: Known, labels: Readonly<Record<string, string | number>>): boolean {
  const { tenant, scan, reader } = labels;
  if (tenant === undefined) return false;
  if (scan === undefined) return !tenants.has(String(tenant));
  const known = scans.get(String(scan));
  if (known?.tenant !== tenant) return true;
  const ages = known.lookbacksMs?.map((ageMs) => `lookback_${ageText(ageMs)}`);
  return ages !== undefined && String(reader).startsWith("lookback_") && !ages.includes(String(reader));
}

function record(scene: Scene, event: Event): void {
  const { series } = scene;
  switch (event.type) {
    case "request_answered":
    case "waited":
    case "budget":
    case "credential":
      recordTenant(series, event);
      return;
    case "page_published":
    case "cursor_moved":
    case "scan_state":
    case "anomaly":
    case "slice_verified":
      recordScan(series, event);
      return;
    case "shard_opened":
    case "shard_released":
    case "transaction_ended":
      recordShard(scene, event);
      return;
    case "config_reloaded":
      series.configReload.set(event.atMs / 1_000);
      series.configTaken.set(1);
      return;
    case "config_refused":
      series.configTaken.set(0);
      return;
    case "field_mismatch":
      series.fieldMismatches.inc({ field: scene.boundedField(event.field) });
      return;
    default:
  }
}

function recordShard(scene: Scene, event: Of<"shard_opened" | "shard_released" | "transaction_ended">): void {
  const { series, tenantsOf } = scene;
  const { shard } = event;
  switch (event.type) {
    case "shard_opened":
      tenantsOf.set(shard, event.tenants);
      series.shardOwned.set({ shard }, 1);
      return;
    case "shard_released":
      series.shardOwned.set({ shard }, 0);
      for (const tenant of tenantsOf.get(shard) ?? []) leaveTenant(scene, tenant);
      return;
    case "transaction_ended":
      series.transactions.inc({ shard, result: event.result });
      series.transactionDuration.observe({ shard }, event.durationMs / 1_000);
      // Whose the shard is now, only opening it again will tell.
      if (event.result !== "committed") series.shardOwned.set({ shard }, 0);
  }
}

/** What is said of a tenant whose shard this process has given up would be out of date from now on: its owner says it. */
function leaveTenant({ series, known }: Scene, tenant: string): void {
  if (!known.tenants.has(tenant)) return;
  for (const gauge of seenByAsking(series)) gauge.set({ tenant }, 0);
  for (const { name: scan } of known.configured.scans.filter((each) => each.tenant === tenant)) {
    for (const gauge of whereItStands(series)) gauge.set({ tenant, scan }, 0);
    isInState(series, { tenant, scan }, "stopped");
  }
}

type Of<T extends Event["type"]> = Extract<Event, { readonly type: T }>;

function recordTenant(series: Series, event: Of<"request_answered" | "waited" | "budget" | "credential">): void {
  const { tenant } = event;
  switch (event.type) {
    case "request_answered":
      series.requests.inc({ tenant, code: event.code });
      series.requestDuration.observe({ tenant }, event.durationMs / 1_000);
      if (event.verdict === "throttled") series.throttled.inc({ tenant });
      if (event.skewMs !== null) series.clockSkew.set({ tenant }, event.skewMs / 1_000);
      return;
    case "waited":
      series.throttleWait.inc({ tenant, reason: event.reason }, event.waitMs / 1_000);
      return;
    case "budget":
      series.budgetLimit.set({ tenant }, event.limitPerMinute);
      series.budgetUsed.set({ tenant }, event.usedLastMinute);
      return;
    case "credential":
      series.credentialExpiry.set({ tenant }, event.expiresAtMs / 1_000);
  }
}

function recordScan(
  series: Series,
  event: Of<"page_published" | "cursor_moved" | "scan_state" | "anomaly" | "slice_verified">,
): void {
  const { tenant, scan } = event;
  const labels = { tenant, scan };
  switch (event.type) {
    case "page_published":
      recordPage(series, event);
      return;
    case "cursor_moved":
      series.watermark.set(labels, (event.positionMs ?? 0) / 1_000);
      series.caughtUp.set(labels, (event.caughtUpMs ?? 0) / 1_000);
      series.openGaps.set(labels, event.openGaps);
      series.openMismatches.set(labels, event.openMismatches);
      series.oldestUnsettled.set(labels, event.settledUntilMs / 1_000);
      for (const { age } of event.lateness) initialiseAge(series, labels, age);
      return;
    case "scan_state":
      isInState(series, labels, event.state);
      return;
    case "slice_verified":
      series.slicesVerified.inc({ ...labels, verdict: event.verdict });
      return;
    case "anomaly":
      series.anomalies.inc({ ...labels, kind: event.kind });
  }
}

function recordPage(series: Series, page: Of<"page_published">): void {
  const { tenant, scan } = page;
  const labels = { tenant, scan };
  const { reader } = page;
  series.pages.inc(labels);
  series.read.inc(labels, page.read);
  series.published.inc({ ...labels, reader }, page.published);
  if (reader !== "tail") series.late.inc({ ...labels, reader }, page.late);
  series.outsideMemory.inc(labels, page.outsideMemory);
  series.deduplicated.inc(labels, page.duplicates);
  series.deadLettered.inc(labels, page.deadLettered);
  series.publishedBytes.inc(labels, page.bytes);
  const ingestionDelay = series.ingestionDelay.labels({ tenant });
  for (const delayMs of page.ingestionDelaysMs) ingestionDelay.observe(delayMs / 1_000);
  if (reader !== "tail") return;
  const publishLatency = series.publishLatency.labels({ tenant });
  for (const latencyMs of page.publishLatenciesMs) publishLatency.observe(latencyMs / 1_000);
}
