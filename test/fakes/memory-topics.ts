import type { TopicPart, TopicProblem, TopicSpec } from "../../src/kafka/port.ts";
import type { MemoryCluster, StoredRecord, StoredTopic } from "./memory-kafka.ts";

/** What is wrong with a topic; undefined: it is not there. */
export function problemsOf(spec: TopicSpec, topic: StoredTopic | undefined): TopicProblem[] {
  if (topic === undefined) return [{ topic: spec.name, missing: true, problem: "does not exist", remedy: "create it" }];
  const problems: TopicProblem[] = [];
  if (topic.logs.length !== spec.partitions) {
    const problem = `has ${topic.logs.length} partitions, configured are ${spec.partitions}`;
    problems.push({ topic: spec.name, problem, remedy: `set the configured partitions to ${topic.logs.length}` });
  }
  if (spec.kind === "cursors" && topic.kind !== "cursors") {
    problems.push({ topic: spec.name, problem: 'cleanup.policy is "delete"', remedy: "set cleanup.policy=compact" });
  }
  return problems;
}

/** As `KafkaPort.topicParts`; nothing is ever cut off. */
export function partsOf(cluster: MemoryCluster, topic: string, sinceMs: number): TopicPart[] {
  const partitions = cluster.topic(topic)?.logs.length ?? 0;
  return Array.from({ length: partitions }, (_, partition) => {
    const { records, end } = cluster.part(topic, partition);
    const first = records.find(({ timestampMs }) => timestampMs >= sinceMs)?.offset ?? end;
    return { topic, partition, fromOffset: BigInt(first), endOffset: BigInt(end), isCut: false };
  });
}

/** As `KafkaPort.readPart`. */
export function recordsOf(cluster: MemoryCluster, part: TopicPart): StoredRecord[] {
  const { records } = cluster.part(part.topic, part.partition);
  return records.filter(({ offset }) => offset >= part.fromOffset && offset < part.endOffset);
}
