import { expect, test } from "vitest";
import type { TopicSpec } from "../../../src/kafka/port.ts";
import { createCommand, type FoundTopic, topicAdvice, topicProblems } from "../../../src/kafka/topic-settings.ts";

const HOUR_MS = 3_600_000;
const BATCH = 768 * 1024;

const spec = (kind: TopicSpec["kind"], replicationFactor = 3): TopicSpec => ({
  name: "t",
  partitions: 2,
  replicationFactor,
  kind,
});

const SOUND: Record<TopicSpec["kind"], Record<string, string>> = {
  cursors: { "cleanup.policy": "compact", "segment.ms": "3600000", "delete.retention.ms": "86400000" },
  activities: { "cleanup.policy": "delete", "retention.ms": "604800000" },
  dlq: { "cleanup.policy": "delete", "retention.ms": "604800000" },
};

function found(kind: TopicSpec["kind"], settings: Record<string, string> = {}, replicas = 3): FoundTopic {
  const partition = { replicas: Array.from({ length: replicas }, (_, node) => node) };
  const all = { "max.message.bytes": "1048588", "min.insync.replicas": "2", ...SOUND[kind], ...settings };
  return { partitions: [partition, partition], settings: new Map(Object.entries(all)) };
}

test.each(["cursors", "activities", "dlq"] as const)("a sound topic for %s has neither problems nor advice", (kind) => {
  expect(topicProblems(spec(kind), found(kind), BATCH)).toEqual([]);
  expect(topicAdvice(spec(kind), found(kind), 24 * HOUR_MS)).toEqual([]);
});

test.each<[TopicSpec["kind"], Record<string, string>, number, RegExp]>([
  ["cursors", { "cleanup.policy": "delete" }, 3, /cleanup\.policy is "delete"/],
  ["cursors", { "cleanup.policy": "compact,delete" }, 3, /cleanup\.policy is "compact,delete"/],
  ["activities", { "cleanup.policy": "compact" }, 3, /would be taken away/],
  ["activities", { "max.message.bytes": "786432" }, 3, /less than the 790528/],
  ["dlq", {}, 1, /has 1 replicas, configured are 3/],
  ["dlq", { "min.insync.replicas": "4" }, 3, /nothing can be written/],
])("run does not start with a topic for %s with %j and %i replicas", (kind, settings, replicas, problem) => {
  const problems = topicProblems(spec(kind), found(kind, settings, replicas), BATCH);
  expect(problems.map((each) => each.problem)).toContainEqual(expect.stringMatching(problem));
  for (const { remedy } of problems)
    expect(remedy).toMatch(/kafka-configs --alter --topic t|kafka-reassign|set topics/);
});

test.each<[TopicSpec["kind"], Record<string, string>, RegExp, RegExp]>([
  ["cursors", { "segment.ms": "604800000" }, /segment\.ms is 168h/, /segment\.ms=3600000/],
  ["cursors", { "delete.retention.ms": "1000" }, /may miss a deletion/, /delete\.retention\.ms=86400000/],
  ["activities", { "retention.ms": "86399999" }, /less than the last lookback of 24h/, /retention\.ms=604800000/],
  ["activities", { "min.insync.replicas": "3" }, /one broker down stops/, /min\.insync\.replicas=2/],
  ["dlq", { "min.insync.replicas": "1" }, /may be lost with it/, /min\.insync\.replicas=2/],
])("run starts with a topic for %s with %j, but says so", (kind, settings, problem, remedy) => {
  const topic = found(kind, settings);
  expect(topicProblems(spec(kind), topic, BATCH)).toEqual([]);
  expect(topicAdvice(spec(kind), topic, kind === "activities" ? 24 * HOUR_MS : 0)).toEqual([
    { topic: "t", problem: expect.stringMatching(problem), remedy: expect.stringMatching(remedy) },
  ]);
});

test.each(["-1", "86400000"])("a retention of %s keeps what the last lookback still looks at", (retention) => {
  expect(topicAdvice(spec("activities"), found("activities", { "retention.ms": retention }), 24 * HOUR_MS)).toEqual([]);
});

test("a topic is made by a command that Kafka's own tool takes: the brokers' default is not named", () => {
  expect(createCommand(spec("cursors"))).toBe(
    "kafka-topics --create --topic t --partitions 2 --replication-factor 3 --config cleanup.policy=compact " +
      "--config segment.ms=3600000 --config min.cleanable.dirty.ratio=0.1 --config min.insync.replicas=2",
  );
  expect(createCommand(spec("dlq", -1))).toBe(
    "kafka-topics --create --topic t --partitions 2 --config cleanup.policy=delete",
  );
});
