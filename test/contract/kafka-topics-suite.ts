import { describe, expect, test } from "vitest";
import type { TopicPart, TopicRecord } from "../../src/kafka/port.ts";
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

    test("a topic is read by its partitions, what is committed alone, from a time on and up to where it ends", async () => {
      const { names: of, port } = await ready();
      const shard = port.shard(0);
      await shard.open(never);
      const record = (value: string) => {
        const headers = { scan: "all" };
        return { topic: of.activities, partition: 2, key: Buffer.from("k"), value: Buffer.from(value), headers };
      };
      const put = (...values: readonly string[]) =>
        shard.commit({ state: [{ key: "cursor", value: values.join() }], records: values.map(record) }, never);
      await put("a", "b");
      await bench().abandon(of, 0, { state: [{ key: "cursor", value: "x" }], records: [record("undecided")] });
      await shard.open(never);
      await put("c");
      const read = async (part: TopicPart): Promise<TopicRecord[]> => {
        const records: TopicRecord[] = [];
        const keep = (each: TopicRecord) =>
          void records.push({ ...each, value: each.value === null ? null : Buffer.from(each.value) });
        await port.readPart(part, keep, never);
        return records;
      };
      const partOf = async (sinceMs: number): Promise<TopicPart> => {
        const parts = await port.topicParts(of.activities, sinceMs, never);
        expect(parts.map(({ partition }) => partition).sort()).toEqual([0, 1, 2, 3, 4, 5]);
        return parts.find(({ partition }) => partition === 2)!;
      };
      // A transaction is to be seen some ms after its commit has returned.
      await expect.poll(async () => (await read(await partOf(0))).length, { timeout: 60_000, interval: 20 }).toBe(3);
      const whole = await partOf(0);
      const records = await read(whole);
      expect(records.map(({ value }) => String(value))).toEqual(["a", "b", "c"]);
      expect(records[0]).toMatchObject({ headers: { scan: "all" } });
      expect(String(records[0]?.key)).toBe("k");
      expect(whole).toMatchObject({ topic: of.activities, fromOffset: 0n, isCut: false });
      const later = await partOf((records[2]?.timestampMs ?? 0) + 1);
      expect(later.fromOffset).toBeGreaterThan(2n);
      expect(await read(later)).toEqual([]);
      expect((await read({ ...whole, fromOffset: 1n })).map(({ value }) => String(value))).toEqual(["b", "c"]);
    });
  });
}
