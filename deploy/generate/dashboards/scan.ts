import { choice, choices, type Dashboard } from "./frame.ts";
import { lines, number, stripes } from "./panels.ts";
import {
  ageBy,
  increase,
  inRange,
  maxBy,
  ofConnector,
  ofScan,
  ofTenant,
  quantile,
  rate,
  SCAN,
  sumBy,
  TENANT,
} from "./promql.ts";

const lag = ageBy(SCAN, ofScan("caught_up_timestamp_seconds"));
const behind = ageBy(SCAN, ofScan("watermark_timestamp_seconds"));
const unsettled = ageBy(SCAN, ofScan("oldest_unsettled_timestamp_seconds"));
const gaps = maxBy(SCAN, ofScan("open_gaps"));
/** What a recovery reads was missed by an outage and is not late. */
const LATE = 'reader=~"lookback_.*"';
const LAG = { warn: 300, bad: 600 };

/** Quantiles of one histogram, as a panel's queries. */
const quantiles = (histogram: string): Record<string, string> => ({
  median: quantile(0.5, ofTenant(histogram)),
  "95 %": quantile(0.95, ofTenant(histogram)),
  "99 %": quantile(0.99, ofTenant(histogram)),
});

const now = [
  number({
    title: "Lag",
    description: "Age of the moment up to which everything visible has been published.",
    unit: "s",
    query: lag,
    ...LAG,
  }),
  number({
    title: "Position behind",
    description:
      "Age of the tail's position on the cursor field. On a quiet tenant it grows though nothing is missing.",
    unit: "s",
    query: behind,
  }),
  number({
    title: "Unsettled since",
    description: "Age of the oldest stretch that is still read again: at least the last lookback's age.",
    unit: "s",
    query: unsettled,
  }),
  number({
    title: "Open gaps",
    description: "Stretches that could not be judged. cursor show lists them with their reason.",
    unit: "short",
    query: gaps,
    bad: 1,
  }),
  number({
    title: "Late share",
    description: "Of what was published in the time that is shown, the share that only a lookback has found.",
    unit: "percentunit",
    query: `${sumBy(SCAN, inRange(ofScan("activities_late_total", LATE)))} / ${sumBy(SCAN, inRange(ofScan("activities_published_total")))}`,
  }),
  number({
    title: "Activities a page",
    description: "Of the pages that were published in the time that is shown. Short pages cost budget.",
    unit: "short",
    query: `${sumBy(SCAN, inRange(ofScan("activities_read_total")))} / ${sumBy(SCAN, inRange(ofScan("pages_total")))}`,
  }),
];

const state = [
  stripes({
    title: "State",
    description:
      "What the scan was doing. Starting: its state is being loaded; throttled: a tenant's 429 is waited out.",
    unit: "none",
    query: maxBy("state", ofScan("scan_state")),
    legend: "{{state}}",
    texts: { 0: { text: "no", color: "transparent" }, 1: { text: "yes", color: "blue" } },
  }),
  lines({
    title: "Lag and position",
    description: "Lag is the promise; the position is where the tail stands on the cursor field.",
    unit: "s",
    queries: { lag, "position behind": behind },
    ...LAG,
  }),
];

const throughput = [
  lines({
    title: "Activities",
    description: "Read in pages, of them published, known already, and dead-lettered.",
    unit: "cps",
    queries: {
      read: sumBy(SCAN, rate(ofScan("activities_read_total"))),
      published: sumBy(SCAN, rate(ofScan("activities_published_total"))),
      deduplicated: sumBy(SCAN, rate(ofScan("activities_deduplicated_total"))),
      "dead-lettered": sumBy(SCAN, rate(ofScan("activities_dead_lettered_total"))),
    },
  }),
  lines({
    title: "Published by reader",
    description: "The tail reads what is new, lookbacks what came late, a recovery what an outage left.",
    unit: "cps",
    queries: { "{{reader}}": sumBy("reader", rate(ofScan("activities_published_total"))) },
    stacked: true,
  }),
  lines({
    title: "Pages",
    description: "Published a second.",
    unit: "ops",
    queries: { pages: sumBy(SCAN, rate(ofScan("pages_total"))) },
  }),
  lines({
    title: "Bytes published",
    description: "Of record values, before compression.",
    unit: "Bps",
    queries: { bytes: sumBy(SCAN, rate(ofScan("published_bytes_total"))) },
  }),
];

const budget = [
  lines({
    title: "Request budget",
    description: "Requests a minute of all scans of the tenant, and what its configuration allows.",
    unit: "rpm",
    queries: {
      used: maxBy(TENANT, ofTenant("request_budget_used")),
      allowed: maxBy(TENANT, ofTenant("request_budget_limit")),
    },
  }),
  lines({
    title: "Requests",
    description: "Of the tenant, by class of status; error: no answer came.",
    unit: "reqps",
    queries: {
      "{{code}}": sumBy("code", rate(ofTenant("requests_total"))),
      throttled: sumBy(TENANT, rate(ofTenant("throttled_requests_total"))),
    },
  }),
  lines({
    title: "Waiting before requests",
    description: "Seconds waited a second: for the budget's pace, as a 429 asked for (retry_after), or after an error.",
    unit: "percentunit",
    queries: { "{{reason}}": sumBy("reason", rate(ofTenant("throttle_wait_seconds_total"))) },
    stacked: true,
  }),
  lines({
    title: "Request duration",
    description: "From sending a request to the last byte of its response.",
    unit: "s",
    queries: quantiles("request_duration_seconds_bucket"),
  }),
];

const delays = [
  lines({
    title: "Publish latency",
    description: "From when the tenant saved an activity to when it was published; tail only.",
    unit: "s",
    queries: quantiles("publish_latency_seconds_bucket"),
  }),
  lines({
    title: "Ingestion delay",
    description: "From when an activity happened to when the tenant saved it: nothing that we could do anything about.",
    unit: "s",
    queries: quantiles("ingestion_delay_seconds_bucket"),
  }),
  lines({
    title: "Late activities by age",
    description:
      "Found by reading a stretch again at each age. What the last age still finds says how much may come later: add an age if it matters.",
    unit: "short",
    queries: { "{{reader}}": sumBy("reader", increase(ofScan("activities_late_total"))) },
  }),
];

const ledger = [
  lines({
    title: "Open gaps",
    description: "Stretches that could not be judged and are still open.",
    unit: "short",
    queries: { gaps },
    bad: 1,
  }),
  lines({
    title: "Unsettled since",
    description:
      "Age of the oldest stretch that is still owed another reading. Growing: lookbacks do not get their turn.",
    unit: "s",
    queries: { unsettled },
  }),
  lines({
    title: "Not published",
    description: "Dead letters, and what turned up where ids are forgotten: each of these opens a gap.",
    unit: "short",
    queries: {
      "dead letters": sumBy(SCAN, increase(ofScan("activities_dead_lettered_total"))),
      "outside memory": sumBy(SCAN, increase(ofScan("outside_memory_total"))),
    },
  }),
  lines({
    title: "Anomalies",
    description: "What the API should not do but did, by kind.",
    unit: "short",
    queries: { "{{kind}}": sumBy("kind", increase(ofScan("anomalies_total"))) },
  }),
];

export const scan: Dashboard = {
  name: "scan",
  title: "MDCA source / Scan",
  description: "One scan in depth: how fresh, how fast, what holds it up, what came late, what is not proven yet.",
  variables: [
    choice("scan", ofConnector("pages_total")),
    // After the scan: of all tenants only its own is left.
    choices("tenant", ofConnector("pages_total", 'scan=~"$scan"')),
  ],
  rows: [
    { title: "Now", lines: [now, state] },
    { title: "Throughput", lines: [throughput] },
    { title: "Budget and throttling", lines: [budget] },
    { title: "Delays and lateness", lines: [delays] },
    { title: "Ledger", lines: [ledger] },
  ],
};
