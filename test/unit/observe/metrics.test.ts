import { expect, test } from "vitest";
import { ANOMALIES, SCAN_STATES, VERDICTS } from "../../../src/observe/events.ts";
import { openMetrics } from "../../../src/observe/metrics.ts";
import { CONFIGURED, EVERY_EVENT, moved, OF_SCAN, page, reloaded, state } from "./scene.ts";

/** The published interface, by kind and labels: to change it is to change the major version. */
const SERIES: Readonly<Record<string, readonly [string, ...string[]]>> = {
  activities_read_total: ["counter", "tenant", "scan"],
  activities_deduplicated_total: ["counter", "tenant", "scan"],
  activities_dead_lettered_total: ["counter", "tenant", "scan"],
  pages_total: ["counter", "tenant", "scan"],
  published_bytes_total: ["counter", "tenant", "scan"],
  activities_late_total: ["counter", "tenant", "scan", "reader"],
  outside_memory_total: ["counter", "tenant", "scan"],
  oldest_unsettled_timestamp_seconds: ["gauge", "tenant", "scan"],
  caught_up_timestamp_seconds: ["gauge", "tenant", "scan"],
  watermark_timestamp_seconds: ["gauge", "tenant", "scan"],
  open_gaps: ["gauge", "tenant", "scan"],
  open_mismatches: ["gauge", "tenant", "scan"],
  slices_verified_total: ["counter", "tenant", "scan", "verdict"],
  scan_state: ["gauge", "tenant", "scan", "state"],
  activities_published_total: ["counter", "tenant", "scan", "reader"],
  anomalies_total: ["counter", "tenant", "scan", "kind"],
  requests_total: ["counter", "tenant", "code"],
  throttled_requests_total: ["counter", "tenant"],
  throttle_wait_seconds_total: ["counter", "tenant", "reason"],
  request_budget_limit: ["gauge", "tenant"],
  request_budget_used: ["gauge", "tenant"],
  credential_expiry_timestamp_seconds: ["gauge", "tenant"],
  clock_skew_seconds: ["gauge", "tenant"],
  request_duration_seconds: ["histogram", "tenant"],
  ingestion_delay_seconds: ["histogram", "tenant"],
  publish_latency_seconds: ["histogram", "tenant"],
  shard_owned: ["gauge", "shard"],
  transactions_total: ["counter", "shard", "result"],
  transaction_duration_seconds: ["histogram", "shard"],
  field_mismatches_total: ["counter", "field"],
  build_info: ["gauge", "version"],
  config_reload_timestamp_seconds: ["gauge"],
  config_last_reload_successful: ["gauge"],
};

/** While the shard is owned. */
const WHILE_OWNED = EVERY_EVENT.filter(({ type }) => type !== "shard_released");

const opened = () => openMetrics({ ...CONFIGURED, configuredAtMs: 1_700_000_000_000 });

/** Every sample as it is scraped: `name{labels}` → value. */
async function scrape(metrics: ReturnType<typeof opened>): Promise<Map<string, number>> {
  const lines = (await metrics.registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

test("the series are exactly the published ones, with exactly their labels", async () => {
  const metrics = opened();
  for (const event of EVERY_EVENT) metrics.record(event);
  const found = Object.fromEntries(
    (await metrics.registry.getMetricsAsJSON()).map((metric) => {
      const labels = new Set(metric.values.flatMap(({ labels }) => Object.keys(labels)));
      labels.delete("le");
      return [metric.name.replace(/^mdca_source_/, ""), [String(metric.type), ...[...labels].sort()]];
    }),
  );
  const sorted = Object.entries(SERIES).map(([name, [type, ...labels]]) => [name, [type, ...labels.sort()]]);
  expect(found).toEqual(Object.fromEntries(sorted));
});

test("every series of what is configured is there from the start, at 0 where nothing has happened", async () => {
  const before = await scrape(opened());
  const used = opened();
  for (const event of EVERY_EVENT) used.record(event);
  const later = [...(await scrape(used)).keys()];
  // A field's name is only known when it comes.
  expect(later.filter((sample) => !before.has(sample))).toEqual([expect.stringContaining('field="appId"')]);
  const notZero = [...before].filter(([, value]) => value !== 0).map(([sample]) => sample);
  expect(notZero).toEqual([
    expect.stringContaining('state="starting"'),
    expect.stringContaining("request_budget_limit"),
    expect.stringContaining("build_info"),
    expect.stringContaining("config_reload_timestamp_seconds"),
    expect.stringContaining("config_last_reload_successful"),
  ]);
});

test("a scan adds at most 60 series, and so does a tenant", async () => {
  const samples = [...(await scrape(opened())).keys()];
  const ofScan = samples.filter((sample) => sample.includes('scan="'));
  const ofTenant = samples.filter((sample) => sample.includes('tenant="') && !sample.includes('scan="'));
  const [readers, ages] = [
    ["tail", "recovery", "backfill", "verify"].length,
    CONFIGURED.scans[0]?.lookbacksMs.length ?? 0,
  ];
  const others = samples.filter((sample) => sample.includes("activities_late_total") && !sample.includes("lookback"));
  const kinds = SCAN_STATES.length + ANOMALIES.length + VERDICTS.length;
  expect(ofScan.length - others.length).toBe(11 + readers + 2 * ages + kinds);
  expect(ofScan.length).toBeLessThanOrEqual(60);
  expect(ofTenant.length).toBeLessThanOrEqual(60);
});

test("a page's activities are told apart by what became of them", async () => {
  const metrics = opened();
  metrics.record(page());
  const samples = await scrape(metrics);
  const of = (name: string, more = "") =>
    samples.get(`mdca_source_${name}{tenant="contoso",scan="contoso-all"${more}}`);
  expect(of("pages_total")).toBe(1);
  expect(of("activities_read_total")).toBe(10);
  expect(of("activities_published_total", ',reader="tail"')).toBe(7);
  expect(of("activities_deduplicated_total")).toBe(2);
  expect(of("activities_dead_lettered_total")).toBe(1);
  expect(of("published_bytes_total")).toBe(500);
  expect(samples.get('mdca_source_ingestion_delay_seconds_sum{tenant="contoso"}')).toBe(215);
  expect(samples.get('mdca_source_publish_latency_seconds_count{tenant="contoso"}')).toBe(1);
});

test("what was late is counted by its reader, never of the tail, and what turned up outside of memory by scan", async () => {
  const metrics = opened();
  metrics.record(page({ reader: "lookback_2m", published: 3, late: 2, outsideMemory: 4 }));
  metrics.record(page({ late: 9 }));
  const samples = await scrape(metrics);
  const of = (name: string, more = "") =>
    samples.get(`mdca_source_${name}{tenant="contoso",scan="contoso-all"${more}}`);
  expect(of("activities_late_total", ',reader="lookback_2m"')).toBe(2);
  expect(of("activities_late_total", ',reader="lookback_24h"')).toBe(0);
  expect(of("activities_late_total", ',reader="tail"')).toBeUndefined();
  expect(of("activities_published_total", ',reader="lookback_2m"')).toBe(3);
  expect(of("outside_memory_total")).toBe(4);
});

test("ages that are the cursor field's own have their series from the first time that the cursor moves", async () => {
  const scans = CONFIGURED.scans.map((scan) => ({ ...scan, lookbacksMs: null }));
  const metrics = openMetrics({ ...CONFIGURED, scans, configuredAtMs: 0 });
  const lookbacks = async () => [...(await scrape(metrics))].filter(([sample]) => sample.includes("lookback_96h"));
  expect(await lookbacks()).toEqual([]);
  metrics.record(moved({ lateness: [{ age: "96h", read: 9, found: 3 }] }));
  expect((await lookbacks()).map(([, value]) => value)).toEqual([0, 0]);
});

test("how fresh publishing is, only the tail tells", async () => {
  const metrics = opened();
  metrics.record(page({ reader: "recovery" }));
  const samples = await scrape(metrics);
  expect(samples.get('mdca_source_publish_latency_seconds_count{tenant="contoso"}')).toBe(0);
  expect(samples.get('mdca_source_ingestion_delay_seconds_count{tenant="contoso"}')).toBe(2);
});

test("a tenant's requests, waits, budget and clock are counted in base units", async () => {
  const metrics = opened();
  for (const event of WHILE_OWNED) metrics.record(event);
  const samples = await scrape(metrics);
  const of = (name: string, labels = "") => samples.get(`mdca_source_${name}{tenant="contoso"${labels}}`);
  expect(of("requests_total", ',code="2xx"')).toBe(1);
  expect(of("requests_total", ',code="4xx"')).toBe(1);
  expect(of("throttled_requests_total")).toBe(1);
  expect(of("throttle_wait_seconds_total", ',reason="retry_after"')).toBe(30);
  expect(of("request_budget_limit")).toBe(15);
  expect(of("request_budget_used")).toBe(9);
  expect(of("credential_expiry_timestamp_seconds")).toBe(1_000);
  expect(of("clock_skew_seconds")).toBe(0.25);
  expect(of("request_duration_seconds_sum")).toBe(0.6);
});

test("the cursor's times are Unix seconds, and one state is 1", async () => {
  const metrics = opened();
  for (const event of WHILE_OWNED) metrics.record(event);
  metrics.record(state("idle"));
  const samples = await scrape(metrics);
  const labels = `{tenant="${OF_SCAN.tenant}",scan="${OF_SCAN.scan}"}`;
  expect(samples.get(`mdca_source_watermark_timestamp_seconds${labels}`)).toBe(5);
  expect(samples.get(`mdca_source_caught_up_timestamp_seconds${labels}`)).toBe(6);
  expect(samples.get(`mdca_source_open_gaps${labels}`)).toBe(1);
  expect(samples.get(`mdca_source_oldest_unsettled_timestamp_seconds${labels}`)).toBe(4);
  const states = [...samples].filter(([sample]) => sample.includes("scan_state"));
  expect(states.filter(([, value]) => value === 1).map(([sample]) => sample)).toEqual([
    expect.stringContaining('state="idle"'),
  ]);
});

test("shards are owned and released, transactions end", async () => {
  const metrics = opened();
  metrics.record({ type: "shard_opened", shard: 1, tenants: [], durationMs: 1 });
  expect((await scrape(metrics)).get('mdca_source_shard_owned{shard="1"}')).toBe(1);
  for (const event of EVERY_EVENT) metrics.record(event);
  const samples = await scrape(metrics);
  expect(samples.get('mdca_source_shard_owned{shard="1"}')).toBe(0);
  expect(samples.get('mdca_source_transactions_total{shard="1",result="failed"}')).toBe(1);
  expect(samples.get('mdca_source_transaction_duration_seconds_count{shard="1"}')).toBe(2);
});

test("a shard whose transaction failed is not owned until it is opened again; what its scans have reached stays", async () => {
  const metrics = opened();
  const owned = async () => (await scrape(metrics)).get('mdca_source_shard_owned{shard="1"}');
  const shardOpened = { type: "shard_opened", shard: 1, tenants: ["contoso"], durationMs: 1 } as const;
  metrics.record(shardOpened);
  metrics.record(moved());
  metrics.record({ type: "transaction_ended", shard: 1, result: "failed", durationMs: 1, error: "no broker" });
  expect(await owned()).toBe(0);
  const caughtUp = `mdca_source_caught_up_timestamp_seconds{tenant="${OF_SCAN.tenant}",scan="${OF_SCAN.scan}"}`;
  expect((await scrape(metrics)).get(caughtUp)).toBe(6);
  metrics.record(shardOpened);
  expect(await owned()).toBe(1);
});

test("who has given a shard up says nothing of its scans any more: another owner does", async () => {
  const metrics = opened();
  metrics.record({ type: "shard_opened", shard: 0, tenants: ["fabrikam"], durationMs: 1 });
  for (const event of WHILE_OWNED) metrics.record(event);
  const before = await scrape(metrics);
  const stands = ["caught_up_timestamp_seconds", "watermark_timestamp_seconds", "open_gaps"];
  const ofTenant = ["credential_expiry_timestamp_seconds", "clock_skew_seconds", "request_budget_used"];
  const samples = [
    ...stands.map((name) => `mdca_source_${name}{tenant="${OF_SCAN.tenant}",scan="${OF_SCAN.scan}"}`),
    ...ofTenant.map((name) => `mdca_source_${name}{tenant="${OF_SCAN.tenant}"}`),
  ];
  expect(samples.filter((sample) => before.get(sample) === 0)).toEqual([]);
  metrics.record({ type: "shard_released", shard: 0, reason: "moved" });
  const between = await scrape(metrics);
  expect(samples.map((sample) => between.get(sample))).toEqual(samples.map((sample) => before.get(sample)));
  metrics.record({ type: "shard_released", shard: 1, reason: "moved" });
  const after = await scrape(metrics);
  expect(samples.map((sample) => after.get(sample))).toEqual(samples.map(() => 0));
  expect([...after].filter(([sample, value]) => sample.includes("scan_state") && value === 1)).toEqual([
    [expect.stringContaining('state="stopped"'), 1],
  ]);
  const isCounter = (sample: string) => sample.includes("_total");
  expect([...after].filter(([sample]) => isCounter(sample))).toEqual([...before].filter(([s]) => isCounter(s)));
});

test("field names past the bound share one series", async () => {
  const metrics = opened();
  for (let index = 0; index < 600; index++) metrics.record({ type: "field_mismatch", field: `field${index}` });
  metrics.record({ type: "field_mismatch", field: "field3" });
  const samples = [...(await scrape(metrics))].filter(([sample]) => sample.includes("field_mismatches"));
  expect(samples.length).toBe(501);
  expect(new Map(samples).get('mdca_source_field_mismatches_total{field="other"}')).toBe(100);
  expect(new Map(samples).get('mdca_source_field_mismatches_total{field="field3"}')).toBe(2);
});

test("what is not configured any more has no series, nor does the last of its events bring one back", async () => {
  const metrics = opened();
  for (const event of EVERY_EVENT) metrics.record(event);
  metrics.record({ type: "shard_opened", shard: 1, tenants: ["contoso"], durationMs: 1 });
  await metrics.configure({ tenants: [{ name: "fabrikam", requestsPerMinute: 5 }], scans: [] });
  for (const event of EVERY_EVENT) metrics.record(event);
  metrics.record({ type: "shard_released", shard: 1, reason: "stop" });
  const samples = [...(await scrape(metrics)).keys()];
  expect(samples.filter((sample) => sample.includes("contoso"))).toEqual([]);
  const fresh = openMetrics({
    ...CONFIGURED,
    tenants: [{ name: "fabrikam", requestsPerMinute: 5 }],
    scans: [],
    configuredAtMs: 0,
  });
  const field = (sample: string) => sample.includes("field_mismatches_total");
  expect(samples.filter((sample) => !field(sample)).sort()).toEqual([...(await scrape(fresh)).keys()].sort());
});

test("of a scan that stays, counters go on, and the ages that it looks back at are those that are configured", async () => {
  const metrics = opened();
  metrics.record(page());
  const [scan] = CONFIGURED.scans;
  await metrics.configure({
    tenants: [{ name: "contoso", requestsPerMinute: 7 }],
    scans: [{ ...scan!, lookbacksMs: [300_000] }],
  });
  const samples = await scrape(metrics);
  const value = (part: string) => [...samples].filter(([sample]) => sample.includes(part)).map(([, number]) => number);
  expect(value("activities_read_total")).toEqual([10]);
  expect(value("request_budget_limit")).toEqual([7]);
  expect(value('late_total{tenant="contoso",scan="contoso-all",reader="lookback_5m"')).toEqual([0]);
  expect(value("lookback_2m")).toEqual([]);
});

test("a refused configuration shows until one is taken", async () => {
  const metrics = opened();
  const shown = async () =>
    [...(await scrape(metrics))].filter(([sample]) => sample.includes("config_")).map(([, value]) => value);
  metrics.record({ type: "config_refused", cause: "file", reason: "1 problem" });
  expect(await shown()).toEqual([expect.anything(), 0]);
  metrics.record(reloaded({ atMs: 123_000 }));
  expect(await shown()).toEqual([123, 1]);
});
