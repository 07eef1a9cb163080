import kafkajs, { type Admin, type PartitionMetadata } from "kafkajs";
import type { Clock } from "../kit/clock.ts";
import { isNamed, isNotReady } from "./errors.ts";
import type { TopicProblem, TopicSpec } from "./port.ts";
import { CHECKED_SETTINGS, type FoundTopic, missingProblem, topicConfig, topicProblems } from "./topic-settings.ts";
import { attempted } from "./waiting.ts";

export interface PrepareOptions {
  readonly create: boolean;
  readonly batchBytes: number;
  /** Told every topic's actual partition count. */
  readonly seen: (topic: string, partitions: number) => void;
  readonly clock: Clock;
}

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
    const found = await findTopic(admin, spec.name);
    if (found === null) problems.push(missingProblem(spec));
    else {
      how.seen(spec.name, found.partitions.length);
      problems.push(...topicProblems(spec, found, how.batchBytes));
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

async function findTopic(admin: Admin, topic: string): Promise<FoundTopic | null> {
  const partitions = await partitionsOf(admin, topic);
  return partitions === null ? null : { partitions, settings: await settingsOf(admin, topic) };
}

/** Null where the topic is not. @throws what kafkajs throws */
export async function partitionsOf(admin: Admin, topic: string): Promise<PartitionMetadata[] | null> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics.find((each) => each.name === topic)?.partitions ?? null;
  } catch (error) {
    if (isNamed(error, "UNKNOWN_TOPIC_OR_PARTITION")) return null;
    throw error;
  }
}

/** `CHECKED_SETTINGS` of a topic that is there. @throws what kafkajs throws */
export async function settingsOf(admin: Admin, topic: string): Promise<FoundTopic["settings"]> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: [...CHECKED_SETTINGS] }],
  });
  const entries = resources.flatMap((each) => each.configEntries);
  return new Map(entries.map((each) => [each.configName, each.configValue]));
}
