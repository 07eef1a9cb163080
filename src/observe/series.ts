import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { ageText } from "../kit/age.ts";
import { ANOMALIES, SCAN_STATES, type ScanState, VERDICTS } from "./events.ts";

/** Tenants and scans, as far as their series are concerned. */
export interface Configured {
  readonly tenants: readonly { readonly name: string; readonly requestsPerMinute: number }[];
  readonly scans: readonly {
    readonly tenant: string;
    readonly name: string;
    /** Ages of its lookbacks; null: the cursor field's own, which is not decided yet. */
    readonly lookbacksMs: readonly number[] | null;
  }[];
}

export interface MetricsOptions extends Configured {
  readonly version: string;
  /** When the configuration was read. Epoch ms. */
  readonly configuredAtMs: number;
  /** Partitions of the cursors topic. */
  readonly shards: number;
}

const PREFIX = "mdca_source_";
const CODES = ["2xx", "3xx", "4xx", "5xx", "error"] as const;
const WAIT_REASONS = ["budget", "retry_after", "backoff"] as const;
const RESULTS = ["committed", "failed", "fenced"] as const;

export type Series = ReturnType<typeof defineSeries>;

/** All that is measured, with help and labels. */
export function defineSeries(registry: Registry) {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Counter({ name: PREFIX + name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge({ name: PREFIX + name, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, buckets: number[], ...labelNames: L[]) =>
    new Histogram({ name: PREFIX + name, help, labelNames, buckets, registers });
  return {
    ...scanSeries(counter, gauge),
    ...tenantSeries(counter, gauge, histogram),
    shardOwned: gauge(
      "shard_owned",
      "Whether this process owns the shard; 0 while it has to be opened again.",
      "shard",
    ),
    transactions: counter("transactions_total", "Transactions by how they ended.", "shard", "result"),
    transactionDuration: histogram(
      "transaction_duration_seconds",
      "From a transaction's begin to its end.",
      [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      "shard",
    ),
    fieldMismatches: counter(
      "field_mismatches_total",
      "Fields of another type than the schema's; null but in raw.",
      "field",
    ),
    buildInfo: gauge("build_info", "Always 1; the version is a label.", "version"),
    configReload: gauge("config_reload_timestamp_seconds", "When the configuration in force was read."),
    configTaken: gauge(
      "config_last_reload_successful",
      "Whether what was read last is in force; 0: it was refused, and the one before goes on.",
    ),
  };
}

type MakeCounter = <L extends string>(name: string, help: string, ...labelNames: L[]) => Counter<L>;
type MakeGauge = <L extends string>(name: string, help: string, ...labelNames: L[]) => Gauge<L>;
type MakeHistogram = <L extends string>(name: string, help: string, buckets: number[], ...labels: L[]) => Histogram<L>;

function scanSeries(counter: MakeCounter, gauge: MakeGauge) {
  const labels = ["tenant", "scan"] as const;
  return {
    read: counter("activities_read_total", "Activities in pages that were published.", ...labels),
    deduplicated: counter("activities_deduplicated_total", "Activities read again and not published again.", ...labels),
    deadLettered: counter("activities_dead_lettered_total", "Activities sent to the dead-letter topic.", ...labels),
    pages: counter("pages_total", "Pages published.", ...labels),
    publishedBytes: counter("published_bytes_total", "Bytes of record values published.", ...labels),
    published: counter("activities_published_total", "Activities published.", ...labels, "reader"),
    late: counter(
      "activities_late_total",
      "Activities published by another reader below the tail's position.",
      ...labels,
      "reader",
    ),
    outsideMemory: counter(
      "outside_memory_total",
      "Activities not published because they turned up where ids are forgotten.",
      ...labels,
    ),
    oldestUnsettled: gauge(
      "oldest_unsettled_timestamp_seconds",
      "Nothing before this on the cursor field is owed any more. 0: not known yet.",
      ...labels,
    ),
    caughtUp: gauge(
      "caught_up_timestamp_seconds",
      "The moment up to which everything visible has been published; lag is time() minus it. 0: not known here.",
      ...labels,
    ),
    watermark: gauge("watermark_timestamp_seconds", "Position on the cursor field. 0: none yet.", ...labels),
    openGaps: gauge("open_gaps", "Stretches that could not be judged and are still open.", ...labels),
    openMismatches: gauge(
      "open_mismatches",
      "Hours of which the API shows something else than was published, as a verify job found last.",
      ...labels,
    ),
    slicesVerified: counter(
      "slices_verified_total",
      "Hours that verify jobs have compared with the API, by what came of it.",
      ...labels,
      "verdict",
    ),
    scanState: gauge("scan_state", "1 for the state that the scan is in, else 0.", ...labels, "state"),
    anomalies: counter("anomalies_total", "Things that the API should not do but did.", ...labels, "kind"),
  };
}

function tenantSeries(counter: MakeCounter, gauge: MakeGauge, histogram: MakeHistogram) {
  return {
    requests: counter("requests_total", "Requests to the tenant by class of status.", "tenant", "code"),
    throttled: counter("throttled_requests_total", "Requests that the tenant throttled.", "tenant"),
    throttleWait: counter("throttle_wait_seconds_total", "Time waited before requests, by reason.", "tenant", "reason"),
    budgetLimit: gauge("request_budget_limit", "Requests a minute that the configuration allows.", "tenant"),
    budgetUsed: gauge("request_budget_used", "Requests in the minute before the last one.", "tenant"),
    credentialExpiry: gauge(
      "credential_expiry_timestamp_seconds",
      "When the access token in use ends; it is renewed before. 0: not known, or never.",
      "tenant",
    ),
    clockSkew: gauge("clock_skew_seconds", "This machine's clock minus the tenant's.", "tenant"),
    requestDuration: histogram(
      "request_duration_seconds",
      "From sending a request to the last byte of its response.",
      [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
      "tenant",
    ),
    ingestionDelay: histogram(
      "ingestion_delay_seconds",
      "From when an activity happened to when the tenant saved it.",
      [10, 30, 60, 120, 300, 600, 1_800, 3_600, 21_600, 86_400],
      "tenant",
    ),
    publishLatency: histogram(
      "publish_latency_seconds",
      "From when the tenant saved an activity to when it was published; tail only.",
      [0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600, 21_600],
      "tenant",
    ),
  };
}

/** Every series of the configured tenants, scans and shards is there from the start, at 0. */
export function initialise(series: Series, options: MetricsOptions): void {
  for (const { name, requestsPerMinute } of options.tenants) initialiseTenant(series, name, requestsPerMinute);
  for (const scan of options.scans) initialiseScan(series, scan);
  for (let shard = 0; shard < options.shards; shard++) {
    series.shardOwned.set({ shard }, 0);
    for (const result of RESULTS) series.transactions.inc({ shard, result }, 0);
    series.transactionDuration.zero({ shard });
  }
  series.buildInfo.set({ version: options.version }, 1);
  series.configReload.set(options.configuredAtMs / 1_000);
  series.configTaken.set(1);
}

/** Tenants and scans as they are configured now: what is new is there from now on, at 0. */
export function initialiseNew(series: Series, { tenants, scans }: Configured, before: Configured): void {
  for (const { name, requestsPerMinute } of tenants) {
    if (!before.tenants.some((known) => known.name === name)) initialiseTenant(series, name, requestsPerMinute);
    else series.budgetLimit.set({ tenant: name }, requestsPerMinute);
  }
  for (const scan of scans) {
    const known = before.scans.find(({ name, tenant }) => name === scan.name && tenant === scan.tenant);
    if (known === undefined) initialiseScan(series, scan);
    else initialiseReaders(series, { tenant: scan.tenant, scan: scan.name }, scan.lookbacksMs ?? []);
  }
}

type LabelValues = Readonly<Record<string, string | number>>;

/** What a registry holds, as far as its types say too little of it. */
interface Labelled {
  readonly labelNames: readonly string[];
  get(): Promise<{ readonly values: readonly { readonly labels: LabelValues }[] }>;
  remove(labels: LabelValues): void;
}

/** Takes every series out of the exposition whose labels `isGone` says name what is not configured any more. */
export async function removeSeries(registry: Registry, isGone: (labels: LabelValues) => boolean): Promise<void> {
  const metrics = registry.getMetricsAsArray() as unknown as readonly Labelled[];
  for (const metric of metrics.filter(({ labelNames }) => labelNames.includes("tenant"))) {
    const { values } = await metric.get();
    for (const { labels } of values) {
      const { le: _, ...own } = labels;
      if (isGone(own)) metric.remove(own);
    }
  }
}

function initialiseTenant(series: Series, tenant: string, requestsPerMinute: number): void {
  for (const code of CODES) series.requests.inc({ tenant, code }, 0);
  for (const reason of WAIT_REASONS) series.throttleWait.inc({ tenant, reason }, 0);
  series.throttled.inc({ tenant }, 0);
  series.budgetLimit.set({ tenant }, requestsPerMinute);
  for (const gauge of seenByAsking(series)) gauge.set({ tenant }, 0);
  for (const histogram of [series.requestDuration, series.ingestionDelay, series.publishLatency]) {
    histogram.zero({ tenant });
  }
}

function initialiseScan(series: Series, { tenant, name: scan, lookbacksMs }: MetricsOptions["scans"][number]): void {
  const { read, deduplicated, deadLettered, pages, publishedBytes, outsideMemory } = series;
  const counters = [read, deduplicated, deadLettered, pages, publishedBytes, outsideMemory];
  for (const counter of counters) counter.inc({ tenant, scan }, 0);
  for (const gauge of whereItStands(series)) gauge.set({ tenant, scan }, 0);
  initialiseReaders(series, { tenant, scan }, lookbacksMs ?? []);
  for (const kind of ANOMALIES) series.anomalies.inc({ tenant, scan, kind }, 0);
  for (const verdict of VERDICTS) series.slicesVerified.inc({ tenant, scan, verdict }, 0);
  isInState(series, { tenant, scan }, "starting");
}

/** What only asking a tenant shows; 0 where this process does not ask it. */
export function seenByAsking({ budgetUsed, credentialExpiry, clockSkew }: Series): readonly Gauge<string>[] {
  return [budgetUsed, credentialExpiry, clockSkew];
}

/** What the cursor says of a scan; 0 where this process does not know it. */
export function whereItStands(series: Series): readonly Gauge<string>[] {
  const { caughtUp, watermark, openGaps, openMismatches, oldestUnsettled } = series;
  return [caughtUp, watermark, openGaps, openMismatches, oldestUnsettled];
}

export function isInState(series: Series, labels: OfScan, now: ScanState): void {
  for (const state of SCAN_STATES) series.scanState.set({ ...labels, state }, state === now ? 1 : 0);
}

type OfScan = { readonly tenant: string; readonly scan: string };

/** The readers' series, at 0; those of the cursor field's own ages once it is decided. */
function initialiseReaders(series: Series, labels: OfScan, agesMs: readonly number[]): void {
  for (const reader of ["tail", "recovery", "backfill", "verify"]) {
    series.published.inc({ ...labels, reader }, 0);
    if (reader !== "tail") series.late.inc({ ...labels, reader }, 0);
  }
  for (const ageMs of agesMs) initialiseAge(series, labels, ageText(ageMs));
}

export function initialiseAge(series: Series, labels: OfScan, age: string): void {
  const reader = `lookback_${age}`;
  for (const counter of [series.published, series.late]) counter.inc({ ...labels, reader }, 0);
}
