import { choices, type Dashboard, uidOf } from "./frame.ts";
import { type Column, lines, number, rows } from "./panels.ts";
import {
  ageBy,
  increase,
  inRange,
  maxBy,
  ofConnector,
  ofTenant,
  quantile,
  rate,
  SCAN,
  sumBy,
  TENANT,
} from "./promql.ts";

const lag = ageBy(SCAN, ofTenant("caught_up_timestamp_seconds"));
const published = sumBy(SCAN, rate(ofTenant("activities_published_total")));
const gaps = maxBy(SCAN, ofTenant("open_gaps"));
const throttledShare = (of: (counter: string) => string, by: string) =>
  `${sumBy(by, of(ofTenant("throttled_requests_total")))} / ${sumBy(by, of(ofTenant("requests_total")))}`;

/** The objective that the alerts are made for: at most ten minutes behind. */
const LAG = { warn: 300, bad: 600 };
/** A fifth of all requests refused: others use the tenant's limit. */
const THROTTLED = { warn: 0.05, bad: 0.2 };

const columns: readonly Column[] = [
  { name: "State", unit: "string", query: `${maxBy(`${SCAN}, state`, ofTenant("scan_state"))} == 1`, label: "state" },
  { name: "Lag", unit: "s", query: lag, ...LAG },
  { name: "Published a second", unit: "cps", query: published },
  { name: "Open gaps", unit: "short", query: gaps, bad: 1 },
  { name: "Unsettled since", unit: "s", query: ageBy(SCAN, ofTenant("oldest_unsettled_timestamp_seconds")) },
  { name: "Late", unit: "short", query: sumBy(SCAN, inRange(ofTenant("activities_late_total"))) },
  {
    name: "Dead letters",
    unit: "short",
    query: sumBy(SCAN, inRange(ofTenant("activities_dead_lettered_total"))),
    bad: 1,
  },
];

const now = [
  number({
    title: "Worst lag",
    description:
      "Of all scans, how far the one that is furthest behind is behind: everything older has been published.",
    unit: "s",
    query: `max(${lag})`,
    ...LAG,
  }),
  number({
    title: "Scans that need a person",
    description:
      "Refused by their tenant (401, 403), blocked by state that does not fit, or suspect: silent without an error.",
    unit: "short",
    query: `sum(${maxBy(`${SCAN}, state`, ofTenant("scan_state", 'state=~"unauthorized|blocked|suspect"'))})`,
    bad: 1,
  }),
  number({
    title: "Open gaps",
    description: "Stretches of time that could not be judged: something may be missing in them. cursor show says why.",
    unit: "short",
    query: `sum(${gaps})`,
    bad: 1,
  }),
  number({
    title: "Dead letters",
    description: "Activities that went to the dead-letter topic in the time that is shown.",
    unit: "short",
    query: `sum(${inRange(ofTenant("activities_dead_lettered_total"))})`,
    bad: 1,
  }),
  number({
    title: "Published",
    description: "Activities a second, over all scans and readers.",
    unit: "cps",
    query: `sum(${rate(ofTenant("activities_published_total"))})`,
  }),
  number({
    title: "Requests throttled",
    description: "Share of the requests in the time that is shown that a tenant has refused with 429.",
    unit: "percentunit",
    query: throttledShare(inRange, "job"),
    ...THROTTLED,
  }),
];

/** A label of the row that was clicked, for the variable of its name. */
const ofRow = (label: string) => `var-${label}=\${__data.fields.${label}}`;

const scans = rows({
  title: "Scans",
  description: "Where each scan stands. Late and dead letters are of the time that is shown. A row leads to its scan.",
  unit: "short",
  labels: ["job", "tenant", "scan"],
  columns,
  link: {
    title: "This scan in depth",
    url: `/d/${uidOf("scan")}?\${datasource:queryparam}&\${__url_time_range}&${["job", "tenant", "scan"].map(ofRow).join("&")}`,
  },
});

const freshness = [
  lines({
    title: "Lag",
    description:
      "Age of the moment up to which everything visible has been published. True on an idle tenant as well, on a throttled one, and while an outage is made up for.",
    unit: "s",
    queries: { "{{scan}}": lag },
    ...LAG,
  }),
  lines({
    title: "Publish latency",
    description: "From when a tenant saved an activity to when it was published, by the tail.",
    unit: "s",
    queries: {
      "{{tenant}} median": quantile(0.5, ofTenant("publish_latency_seconds_bucket"), TENANT),
      "{{tenant}} 99 %": quantile(0.99, ofTenant("publish_latency_seconds_bucket"), TENANT),
    },
  }),
];

const throughput = [
  lines({
    title: "Activities published",
    description: "By scan, over all its readers.",
    unit: "cps",
    queries: { "{{scan}}": published },
    stacked: true,
  }),
  lines({
    title: "Bytes published",
    description: "Of record values, before compression.",
    unit: "Bps",
    queries: { "{{scan}}": sumBy(SCAN, rate(ofTenant("published_bytes_total"))) },
    stacked: true,
  }),
  lines({
    title: "Scans by state",
    description: "How many scans are in each state. Idle: caught up, and waiting for what comes.",
    unit: "short",
    queries: { "{{state}}": sumBy("state", maxBy(`${SCAN}, state`, ofTenant("scan_state"))) },
    stacked: true,
  }),
];

const tenants = [
  lines({
    title: "Request budget used",
    description:
      "Share of the requests a minute that a tenant's configuration allows. Near 1 for long while lag grows: it cannot catch up.",
    unit: "percentunit",
    queries: {
      "{{tenant}}": `${maxBy(TENANT, ofTenant("request_budget_used"))} / ${maxBy(TENANT, ofTenant("request_budget_limit"))}`,
    },
    warn: 0.9,
  }),
  lines({
    title: "Requests throttled",
    description: "Share of the requests that a tenant has refused with 429. Within our own pace: others use its limit.",
    unit: "percentunit",
    queries: { "{{tenant}}": throttledShare(rate, TENANT) },
    ...THROTTLED,
  }),
  lines({
    title: "Waiting before requests",
    description: "Seconds waited a second: for the budget's pace, as a 429 asked for, or after an error.",
    unit: "percentunit",
    queries: {
      "{{tenant}} {{reason}}": sumBy(`${TENANT}, reason`, rate(ofTenant("throttle_wait_seconds_total"))),
    },
  }),
];

const completeness = [
  lines({
    title: "Open gaps",
    description: "By scan. A gap is closed by evidence of a later pass, or by an operator.",
    unit: "short",
    queries: { "{{scan}}": gaps },
    bad: 1,
  }),
  lines({
    title: "Late activities",
    description: "Found by reading a stretch again, after the tail had passed it.",
    unit: "short",
    queries: { "{{scan}}": sumBy(SCAN, increase(ofTenant("activities_late_total", 'reader=~"lookback_.*"'))) },
  }),
  lines({
    title: "Anomalies",
    description: "What the API should not do but did, by kind. docs/log-events.md says what each is.",
    unit: "short",
    queries: { "{{kind}}": sumBy("kind", increase(ofTenant("anomalies_total"))) },
  }),
];

const access = [
  lines({
    title: "Requests",
    description: "To all tenants, by class of status; error: no answer came.",
    unit: "reqps",
    queries: { "{{code}}": sumBy("code", rate(ofTenant("requests_total"))) },
    stacked: true,
  }),
  lines({
    title: "Access token ends in",
    description: "Of tenants with Entra credentials. It is renewed five minutes before; legacy tokens are not shown.",
    unit: "s",
    queries: {
      "{{tenant}}": `${maxBy(TENANT, `${ofTenant("credential_expiry_timestamp_seconds")} > 0`)} - time()`,
    },
    warn: 290,
    bad: 240,
  }),
  lines({
    title: "Clock skew",
    description:
      "How far this machine's clock is from a tenant's. Bounds follow the tenant's; a large skew is still wrong.",
    unit: "s",
    queries: { "{{tenant}}": maxBy(TENANT, `abs(${ofTenant("clock_skew_seconds")})`) },
    warn: 5,
    bad: 30,
  }),
];

export const fleet: Dashboard = {
  name: "fleet",
  title: "MDCA source / Fleet",
  description: "All scans of all tenants: is everything fresh, whole and within its limits?",
  variables: [choices("tenant", ofConnector("request_budget_limit"))],
  rows: [
    { title: "Now", lines: [now, [scans]] },
    { title: "Freshness", lines: [freshness] },
    { title: "Throughput", lines: [throughput] },
    { title: "Budget and throttling", lines: [tenants] },
    { title: "Completeness", lines: [completeness] },
    { title: "Access", lines: [access] },
  ],
};
