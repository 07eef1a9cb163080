import { choices, type Dashboard } from "./frame.ts";
import { buckets, lines, number, stripes } from "./panels.ts";
import {
  increase,
  inRange,
  maxBy,
  ofConnector,
  ofTenant,
  peak,
  quantile,
  rate,
  SCAN,
  SHARD,
  sumBy,
  TENANT,
} from "./promql.ts";

const owners = sumBy(SHARD, ofConnector("shard_owned"));
/** A shard without tenants is nobody's, and that is well. */
const everOwned = maxBy(SHARD, peak(ofConnector("shard_owned")));
const duration = ofConnector("transaction_duration_seconds_bucket");
const failed = ofConnector("transactions_total", 'result=~"failed|fenced"');

const now = [
  number({
    title: "Shards owned",
    description:
      "By any process. A shard is a partition of the cursors topic, with the tenants whose state lives there. One without tenants is nobody's.",
    unit: "short",
    query: `sum(${ofConnector("shard_owned")})`,
  }),
  number({
    title: "Shards without an owner",
    description:
      "That had one in the time that is shown: their tenants are not read. A hand-over takes seconds, after a killed process its session's time.",
    unit: "short",
    query: `sum((${everOwned} > bool 0) * (${owners} == bool 0))`,
    bad: 1,
  }),
  number({
    title: "Transactions not committed",
    description:
      "Share of the transactions in the time that is shown. What failed is done again; nothing is lost by it.",
    unit: "percentunit",
    query: `sum(${inRange(failed)}) / sum(${inRange(ofConnector("transactions_total"))})`,
    warn: 0.01,
    bad: 0.1,
  }),
  number({
    title: "Transaction, 99 %",
    description: "From a transaction's begin to its end: that long nearly all of them take at most.",
    unit: "s",
    query: quantile(0.99, duration),
    warn: 1,
    bad: 5,
  }),
  number({
    title: "Dead letters",
    description: "Records that went to the dead-letter topic in the time that is shown.",
    unit: "short",
    query: `sum(${inRange(ofTenant("activities_dead_lettered_total"))})`,
    bad: 1,
  }),
  number({
    title: "Fields that do not fit",
    description:
      "That were of another type than the schema's since the processes were started; null in the record, but still in raw.",
    unit: "short",
    query: `count(${sumBy("field", rate(ofConnector("field_mismatches_total")))})`,
    empty: "0",
    warn: 1,
  }),
];

const ownership = [
  stripes({
    title: "Owners of each shard",
    description:
      "One process should own each shard. Two for long: they fence each other. None: its tenants are not read.",
    unit: "none",
    query: `${owners} and ${everOwned} > 0`,
    legend: "shard {{shard}}",
    texts: {
      0: { text: "none", color: "red" },
      1: { text: "one", color: "green" },
      2: { text: "two", color: "orange" },
    },
  }),
  lines({
    title: "Shards by process",
    description: "How the shards are spread. Replicas beyond the number of shards stand by.",
    unit: "short",
    queries: { "{{instance}}": sumBy("job, instance", ofConnector("shard_owned")) },
    stacked: true,
  }),
];

const transactions = [
  lines({
    title: "Transactions",
    description: "By how they ended. Fenced: another process was given the shard.",
    unit: "ops",
    queries: { "{{result}}": sumBy("result", rate(ofConnector("transactions_total"))) },
    stacked: true,
  }),
  lines({
    title: "Transaction duration",
    description: "From begin to end. Slow ones point at the brokers: replication, disks, the coordinator.",
    unit: "s",
    queries: {
      median: quantile(0.5, duration),
      "95 %": quantile(0.95, duration),
      "99 %": quantile(0.99, duration),
    },
  }),
  buckets({
    title: "Transaction durations",
    description: "How many transactions took how long.",
    unit: "s",
    query: sumBy("le", increase(duration)),
  }),
  lines({
    title: "Slowest shards",
    description: "Mean duration of the transactions of the five slowest shards.",
    unit: "s",
    queries: {
      "shard {{shard}}": `topk(5, ${sumBy(SHARD, rate(ofConnector("transaction_duration_seconds_sum")))} / ${sumBy(SHARD, rate(ofConnector("transaction_duration_seconds_count")))})`,
    },
  }),
];

const publishing = [
  lines({
    title: "Publish latency",
    description: "From when a tenant saved an activity to when it was published; tail only.",
    unit: "s",
    queries: {
      "{{tenant}} median": quantile(0.5, ofTenant("publish_latency_seconds_bucket"), TENANT),
      "{{tenant}} 99 %": quantile(0.99, ofTenant("publish_latency_seconds_bucket"), TENANT),
    },
  }),
  lines({
    title: "Records published",
    description: "Activities a second, by tenant.",
    unit: "wps",
    queries: { "{{tenant}}": sumBy(TENANT, rate(ofTenant("activities_published_total"))) },
    stacked: true,
  }),
  lines({
    title: "Bytes published",
    description: "Of record values, before compression.",
    unit: "Bps",
    queries: { "{{tenant}}": sumBy(TENANT, rate(ofTenant("published_bytes_total"))) },
    stacked: true,
  }),
];

const unfit = [
  lines({
    title: "Dead letters",
    description: "Activities that cannot be read, have no id or time, or are too large, by scan.",
    unit: "short",
    queries: { "{{scan}}": sumBy(SCAN, increase(ofTenant("activities_dead_lettered_total"))) },
    bad: 1,
  }),
  lines({
    title: "Field mismatches",
    description:
      "By field. The API has changed a type: the schema should follow. The first of a field only makes its line begin.",
    unit: "short",
    queries: { "{{field}}": sumBy("field", increase(ofConnector("field_mismatches_total"))) },
  }),
];

export const kafka: Dashboard = {
  name: "kafka",
  title: "MDCA source / Kafka",
  description:
    "The side of Kafka: who owns which shard, how transactions go, how fresh records are, what could not be published.",
  variables: [choices("tenant", ofConnector("request_budget_limit"))],
  rows: [
    { title: "Now", lines: [now] },
    { title: "Shards", lines: [ownership] },
    { title: "Transactions", lines: [transactions] },
    { title: "Publishing", lines: [publishing] },
    { title: "What does not fit", lines: [unfit] },
  ],
};
