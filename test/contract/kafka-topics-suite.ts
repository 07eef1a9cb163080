import { describe, expect, test } from "vitest";
import { type Bench, benchFor, never, PARTITIONS, SHARDS, specsOf } from "./kafka-bench.ts";

/** `Utils.toPositive(Utils.murmur2(key)) % 6` of Kafka's Java client, for the three keys above. */
const JAVA_PARTITIONS_OF_6 = [0, 0, 2];

/** What the port promises of topics and partitions. */
export function topicsContract(brokers: string, makeBench: () => Promise<Bench>): void {
  const { bench, names, ready } = benchFor(makeBench);
  describe(`topics and partitions on ${brokers}`, () => {
    test("what is right already is not touched and not complained about", async () => {
      const { names: of, port } = await ready();
      expect(await port.prepareTopics(specsOf(of), true, never)).toEqual([]);
      expect(await bench().process(of).prepareTopics(specsOf(of), false, never)).toEqual([]);
    });

    test("a missing topic is a problem where nothing may be created", async () => {
      const of = names();
      const problems = await bench().process(of).prepareTopics(specsOf(of), false, never);
      expect(problems.map((each) => [each.topic, each.missing])).toEqual([
        [of.cursors, true],
        [of.activities, true],
      ]);
      for (const { problem, remedy } of problems) expect([problem.length > 0, remedy.length > 0]).toEqual([true, true]);
    });

    test("a cursors topic that is not compacted and counts that differ are problems with remedies", async () => {
      const of = names();
      await bench().createTopic(of.cursors, SHARDS + 1, false);
      await bench().createTopic(of.activities, PARTITIONS + 1, false);
      const problems = await bench().process(of).prepareTopics(specsOf(of), true, never);
      expect(problems.filter((each) => each.topic === of.cursors).length).toBe(2);
      expect(problems.some((each) => each.problem.includes("cleanup.policy"))).toBe(true);
      expect(problems.some((each) => each.topic === of.activities && each.problem.includes("7 partitions"))).toBe(true);
    });

    test("a key's partition and a tenant's shard are those of the Java client", async () => {
      const { names: of, port } = await ready();
      expect(
        ["21", "foobar", "a-little-bit-long-string"].map((key) => port.partitionOf(of.activities, Buffer.from(key))),
      ).toEqual(JAVA_PARTITIONS_OF_6);
      expect(port.shardOf("contoso")).toBe(bench().process(of).shardOf("contoso"));
      expect(() => port.partitionOf("unseen", Buffer.from("k"))).toThrow("prepared before");
    });
  });
}
