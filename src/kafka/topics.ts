import kafkajs, { type Admin, type ITopicConfig, type PartitionMetadata } from "kafkajs";
import type { Clock } from "../kit/clock.ts";
import { failureOf, isNotReady } from "./errors.ts";
import type { TopicProblem, TopicSpec } from "./port.ts";
import { attempted } from "./waiting.ts";

/** What is there: null where the topic is not. */
interface Found {
  readonly partitions: readonly PartitionMetadata[];
  readonly settings: ReadonlyMap<string, string>;
}

export interface PrepareOptions {
  readonly create: boolean;
  readonly batchBytes: number;
  /** Told every topic's actual partition count. */
  readonly seen: (topic: string, partitions: number) => void;
  readonly clock: Clock;
}

/** Room for a batch's own header and what compression may add. */
const BATCH_HEADER_BYTES = 4 * 1024;
const CHECKED_SETTINGS = ["cleanup.policy", "max.message.bytes", "min.insync.replicas"];

/**
 * Creates and checks topics. What it created can be written to when it returns.
 * @throws what kafkajs throws.
 */
export async function prepareTopics(
  admin: Admin,
  specs: readonly TopicSpec[],
  how: PrepareOptions,
  signal: AbortSignal,
): Promise<TopicProblem[]> {
  if (how.create) {
    const missing: TopicSpec[] = [];
    for (const spec of specs) {
      if ((await partitionsOf(admin, spec.name)) === null) missing.push(spec);
    }
    if (missing.length > 0) await createTopics(admin, missing, how.clock, signal);
  }
  const problems: TopicProblem[] = [];
  for (const spec of specs) {
    const found = await find(admin, spec.name);
    if (found === null) problems.push(missingProblem(spec));
    else {
      how.seen(spec.name, found.partitions.length);
      problems.push(...checkTopic(spec, found, how.batchBytes));
    }
  }
  return problems;
}

const SERVED_MAX = 50;
const SERVED_WAIT_MS = 200;

async function createTopics(
  admin: Admin,
  specs: readonly TopicSpec[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await admin.createTopics({ topics: specs.map(topicConfig), waitForLeaders: true });
  // A leader is named before it serves: its offsets are asked for until it does.
  const how = { max: SERVED_MAX, waitMs: SERVED_WAIT_MS, again: isNotReady, clock };
  for (const { name } of specs) await attempted(() => admin.fetchTopicOffsets(name), how, signal);
}

async function find(admin: Admin, topic: string): Promise<Found | null> {
  const partitions = await partitionsOf(admin, topic);
  if (partitions === null) return null;
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: CHECKED_SETTINGS }],
  });
  const entries = resources.flatMap((each) => each.configEntries);
  return { partitions, settings: new Map(entries.map((each) => [each.configName, each.configValue])) };
}

async function partitionsOf(admin: Admin, topic: string): Promise<PartitionMetadata[] | null> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics.find((each) => each.name === topic)?.partitions ?? null;
  } catch (error) {
    if (failureOf(error).found.includes("UNKNOWN_TOPIC_OR_PARTITION")) return null;
    throw error;
  }
}

/** What `spec` is created with. Settings not named here are the brokers' defaults. */
function topicConfig(spec: TopicSpec): ITopicConfig {
  const settings: Record<string, string> =
    spec.kind === "cursors"
      ? { "cleanup.policy": "compact", "segment.ms": "3600000", "min.cleanable.dirty.ratio": "0.1" }
      : { "cleanup.policy": "delete" };
  if (spec.replicationFactor >= 3) settings["min.insync.replicas"] = "2";
  return {
    topic: spec.name,
    numPartitions: spec.partitions,
    replicationFactor: spec.replicationFactor,
    configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
  };
}

function checkTopic(spec: TopicSpec, found: Found, batchBytes: number): TopicProblem[] {
  const problems: TopicProblem[] = [];
  const report = (problem: string, remedy: string): void => {
    problems.push({ topic: spec.name, problem, remedy });
  };
  checkPartitions(spec, found, report);
  checkPolicy(spec, found.settings.get("cleanup.policy") ?? "", report);
  const largest = Number(found.settings.get("max.message.bytes") ?? Number.POSITIVE_INFINITY);
  const needed = batchBytes + BATCH_HEADER_BYTES;
  if (largest < needed) {
    report(
      `max.message.bytes is ${largest}, less than the ${needed} that a batch may take`,
      `kafka-configs --alter --topic ${spec.name} --add-config max.message.bytes=1048588`,
    );
  }
  checkReplicas(spec, found, report);
  return problems;
}

type Report = (problem: string, remedy: string) => void;

function checkPartitions(spec: TopicSpec, found: Found, report: Report): void {
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

function checkPolicy(spec: TopicSpec, policy: string, report: Report): void {
  const alter = `kafka-configs --alter --topic ${spec.name} --add-config`;
  if (spec.kind === "cursors" && policy !== "compact") {
    report(
      `cleanup.policy is "${policy}": cursors older than the retention would be deleted and everything read again`,
      `${alter} cleanup.policy=compact`,
    );
  }
  if (spec.kind !== "cursors" && policy.includes("compact")) {
    report(
      `cleanup.policy is "${policy}": records with the same key would be taken away`,
      `${alter} cleanup.policy=delete`,
    );
  }
}

function checkReplicas(spec: TopicSpec, found: Found, report: Report): void {
  const fewest = Math.min(...found.partitions.map((each) => each.replicas.length));
  if (fewest < spec.replicationFactor) {
    report(
      `has ${fewest} replicas, configured are ${spec.replicationFactor}`,
      `add replicas with kafka-reassign-partitions, or set topics.${spec.kind}.replicationFactor to ${fewest}`,
    );
  }
  const insync = Number(found.settings.get("min.insync.replicas") ?? 1);
  if (insync > fewest) {
    report(
      `min.insync.replicas is ${insync} but there are ${fewest} replicas: nothing can be written`,
      `kafka-configs --alter --topic ${spec.name} --add-config min.insync.replicas=${fewest}`,
    );
  }
}

function missingProblem(spec: TopicSpec): TopicProblem {
  const settings = (topicConfig(spec).configEntries ?? [])
    .map((each) => `--config ${each.name}=${each.value}`)
    .join(" ");
  return {
    topic: spec.name,
    missing: true,
    problem: "does not exist, or the connector's user may not see it",
    remedy:
      `kafka-topics --create --topic ${spec.name} --partitions ${spec.partitions} ` +
      `--replication-factor ${spec.replicationFactor} ${settings}`,
  };
}
