import type { ITopicConfig, PartitionMetadata } from "kafkajs";
import { ageText } from "../kit/age.ts";
import type { TopicProblem, TopicSpec } from "./port.ts";

/** A topic as it is on the brokers. */
export interface FoundTopic {
  readonly partitions: readonly Pick<PartitionMetadata, "replicas">[];
  /** `CHECKED_SETTINGS` by name, a broker's defaults included. */
  readonly settings: ReadonlyMap<string, string>;
}

export const CHECKED_SETTINGS = [
  "cleanup.policy",
  "delete.retention.ms",
  "max.message.bytes",
  "min.insync.replicas",
  "retention.ms",
  "segment.ms",
] as const;
type Setting = (typeof CHECKED_SETTINGS)[number];

/** Room for a batch's own header and what compression may add. */
const BATCH_HEADER_BYTES = 4 * 1024;
const HOUR_MS = 3_600_000;
/** A segment that is still written to is never compacted: with longer ones a start reads days of state. */
const SEGMENT_MAX_MS = 24 * HOUR_MS;
/** Longer than any reading of a shard's state: a tombstone must not vanish between what it deletes and its reader. */
const TOMBSTONES_MIN_MS = HOUR_MS;

/** What `spec` is created with. Settings not named here are the brokers' defaults. */
export function topicConfig(spec: TopicSpec): ITopicConfig {
  const settings: Partial<Record<Setting | "min.cleanable.dirty.ratio", string>> =
    spec.kind === "cursors"
      ? { "cleanup.policy": "compact", "segment.ms": String(HOUR_MS), "min.cleanable.dirty.ratio": "0.1" }
      : { "cleanup.policy": "delete" };
  if (spec.replicationFactor >= 3) settings["min.insync.replicas"] = "2";
  return {
    topic: spec.name,
    numPartitions: spec.partitions,
    replicationFactor: spec.replicationFactor,
    configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
  };
}

/**
 * The same as a command of Kafka's own tools. A replication factor of -1 is left out: that is the brokers' default.
 * @param brokers to be asked; by default that is left to who types it.
 */
export function createCommand(spec: TopicSpec, brokers: readonly string[] = []): string {
  const { configEntries = [] } = topicConfig(spec);
  const words = [
    "kafka-topics",
    ...(brokers.length > 0 ? [`--bootstrap-server ${brokers.join(",")}`] : []),
    `--create --topic ${spec.name} --partitions ${spec.partitions}`,
    ...(spec.replicationFactor < 0 ? [] : [`--replication-factor ${spec.replicationFactor}`]),
    ...configEntries.map(({ name, value }) => `--config ${name}=${value}`),
  ];
  return words.join(" ");
}

export function missingProblem(spec: TopicSpec): TopicProblem {
  return {
    topic: spec.name,
    missing: true,
    problem: "does not exist, or the connector's user may not see it",
    remedy: createCommand(spec),
  };
}

/** What `run` does not start with. */
export function topicProblems(spec: TopicSpec, found: FoundTopic, batchBytes: number): TopicProblem[] {
  const problems: TopicProblem[] = [];
  const report = reporter(spec, problems);
  checkPartitions(spec, found, report);
  checkPolicy(spec, found, report);
  const largest = numberOf(found, "max.message.bytes") ?? Number.POSITIVE_INFINITY;
  const needed = batchBytes + BATCH_HEADER_BYTES;
  if (largest < needed) {
    const problem = `max.message.bytes is ${largest}, less than the ${needed} that a batch may take`;
    report(problem, alter(spec, "max.message.bytes=1048588"));
  }
  checkReplicas(spec, found, report);
  return problems;
}

/**
 * What `run` goes on with, and should be changed all the same.
 * @param oldestMs the last lookback age of the scans that publish to the topic; 0 for other kinds.
 */
export function topicAdvice(spec: TopicSpec, found: FoundTopic, oldestMs: number): TopicProblem[] {
  const problems: TopicProblem[] = [];
  const report = reporter(spec, problems);
  if (spec.kind === "cursors") adviseCompaction(spec, found, report);
  else adviseRetention(spec, found, oldestMs, report);
  const insync = numberOf(found, "min.insync.replicas") ?? 1;
  const replicas = replicasOf(found);
  if (replicas > 1 && insync === replicas) {
    const problem = `min.insync.replicas is ${insync} of ${replicas} replicas: one broker down stops the connector`;
    report(problem, alter(spec, `min.insync.replicas=${replicas - 1}`));
  }
  if (replicas > 2 && insync === 1) {
    const problem = `min.insync.replicas is 1 of ${replicas} replicas: what one broker alone has may be lost with it`;
    report(problem, alter(spec, "min.insync.replicas=2"));
  }
  return problems;
}

type Report = (problem: string, remedy: string) => void;

const reporter =
  ({ name }: TopicSpec, problems: TopicProblem[]): Report =>
  (problem, remedy) => {
    problems.push({ topic: name, problem, remedy });
  };

const alter = ({ name }: TopicSpec, setting: string): string =>
  `kafka-configs --alter --topic ${name} --add-config ${setting}`;

/** Null where the brokers have not told. */
function numberOf({ settings }: FoundTopic, name: Setting): number | null {
  const value = settings.get(name);
  return value === undefined ? null : Number(value);
}

const replicasOf = ({ partitions }: FoundTopic): number => Math.min(...partitions.map((each) => each.replicas.length));

function checkPartitions(spec: TopicSpec, found: FoundTopic, report: Report): void {
  const actual = found.partitions.length;
  if (actual === spec.partitions) return;
  const problem = `has ${actual} partitions, configured are ${spec.partitions}`;
  if (spec.kind === "cursors") {
    report(
      `${problem}: tenants would change shards and their state would not be found`,
      `if the configuration was changed, set topics.cursors.partitions back to ${actual}; if partitions were added ` +
        "to the topic, move the state with `cursor export` and `cursor import` into a topic made anew",
    );
  } else {
    report(`${problem}: keys change partitions with the count`, `set topics.${spec.kind}.partitions to ${actual}`);
  }
}

function checkPolicy(spec: TopicSpec, found: FoundTopic, report: Report): void {
  const policy = found.settings.get("cleanup.policy") ?? "";
  if (spec.kind === "cursors" && policy !== "compact") {
    report(
      `cleanup.policy is "${policy}": cursors older than the retention would be deleted and everything read again`,
      alter(spec, "cleanup.policy=compact"),
    );
  }
  if (spec.kind !== "cursors" && policy.includes("compact")) {
    report(
      `cleanup.policy is "${policy}": records with the same key would be taken away`,
      alter(spec, "cleanup.policy=delete"),
    );
  }
}

function checkReplicas(spec: TopicSpec, found: FoundTopic, report: Report): void {
  const fewest = replicasOf(found);
  if (fewest < spec.replicationFactor) {
    report(
      `has ${fewest} replicas, configured are ${spec.replicationFactor}`,
      `add replicas with kafka-reassign-partitions, or set topics.${spec.kind}.replicationFactor to ${fewest}`,
    );
  }
  const insync = numberOf(found, "min.insync.replicas") ?? 1;
  if (insync > fewest) {
    report(
      `min.insync.replicas is ${insync} but there are ${fewest} replicas: nothing can be written`,
      alter(spec, `min.insync.replicas=${fewest}`),
    );
  }
}

function adviseCompaction(spec: TopicSpec, found: FoundTopic, report: Report): void {
  const segmentMs = numberOf(found, "segment.ms") ?? 0;
  if (segmentMs > SEGMENT_MAX_MS) {
    const problem = `segment.ms is ${ageText(segmentMs)}: so long nothing is compacted, and a start reads all of it`;
    report(problem, alter(spec, `segment.ms=${HOUR_MS}`));
  }
  const tombstonesMs = numberOf(found, "delete.retention.ms") ?? Number.POSITIVE_INFINITY;
  if (tombstonesMs < TOMBSTONES_MIN_MS) {
    const problem = `delete.retention.ms is ${ageText(tombstonesMs)}: who reads the state meanwhile may miss a deletion`;
    report(problem, alter(spec, `delete.retention.ms=${24 * HOUR_MS}`));
  }
}

/** A retention of -1 is for ever. */
function adviseRetention(spec: TopicSpec, found: FoundTopic, oldestMs: number, report: Report): void {
  const retentionMs = numberOf(found, "retention.ms") ?? -1;
  if (retentionMs < 0 || retentionMs >= oldestMs) return;
  const problem =
    `retention.ms is ${ageText(retentionMs)}, less than the last lookback of ${ageText(oldestMs)}: what was published ` +
    "is gone before it is known to be complete";
  report(problem, `${alter(spec, "retention.ms=604800000")}, or earlier lookbacks`);
}
